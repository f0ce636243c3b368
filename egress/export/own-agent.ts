/**
 * Connections of the gateway itself, to where its owner told it to go: Node's pool of them, opened by the dialler, so that each
 * address is judged and each certificate verified as for any upstream.
 */
import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { UpstreamTarget } from '../../decision/index.ts';
import type { Dialled } from '../upstream/dialler.ts';

type Done = (error: Error | null, socket: Duplex) => void;
type DialOwn = (target: UpstreamTarget) => Promise<Dialled>;

export class OwnAgent extends Agent {
  readonly #target: UpstreamTarget;
  readonly #dial: DialOwn;

  constructor(target: UpstreamTarget, dial: DialOwn) {
    super({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });
    this.#target = target;
    this.#dial = dial;
  }

  async #open(done: Done): Promise<void> {
    try {
      const { socket } = await this.#dial(this.#target);
      // It was opened to be half closed; a receiver that closes an idle connection wants it gone.
      socket.once('end', () => socket.destroy());
      done(null, socket);
    } catch (thrown) {
      done(thrown as Error, undefined as unknown as Duplex);
    }
  }

  override createConnection(_options: object, done?: Done): undefined {
    void this.#open(done ?? (() => undefined));
    return undefined;
  }
}
