/**
 * The first bytes of a connection: its identity frame, and whether the door lets it in. Apart from the connection because until it
 * is over nobody is there to answer: what is odd is dropped. It reads no more of the agent while the door thinks.
 */
import type { Socket } from 'node:net';
import { parseIdentityFrame, type IdentityFrame } from '../../contract/index.ts';
import type { Boundary } from '../boundary.ts';
import type { Peer } from '../pipeline/call.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Door } from './door.ts';
import { createPeer, isTrusted, signerOf, type Signer } from './peer.ts';

/** Who came in. */
export interface Arrival {
  readonly peer: Peer;
  readonly signer: Signer | undefined;
  /** False: its agent has as many connections as one may have. */
  readonly hasPlace: boolean;
  /** In force now. */
  readonly snapshot: Snapshot;
}

export interface DoorstepOptions {
  readonly boundary: Boundary;
  readonly onDropped: (reason: string) => void;
  /** `rest`: what came behind the frame. True: the socket is still to be read here. */
  readonly onMet: (arrival: Arrival, rest: Buffer) => boolean;
}

export class Doorstep {
  readonly #socket: Socket;
  readonly #core: { readonly door: Door; readonly snapshot: Snapshot | undefined };
  readonly #options: DoorstepOptions;
  #bytes: Buffer = Buffer.alloc(0);
  #isAsking = false;

  constructor(
    socket: Socket,
    core: { readonly door: Door; readonly snapshot: Snapshot | undefined },
    options: DoorstepOptions,
  ) {
    this.#socket = socket;
    this.#core = core;
    this.#options = options;
  }

  read(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#isAsking) return;
    const { snapshot } = this.#core;
    // Fail closed until a policy is loaded.
    if (snapshot === undefined) return this.#options.onDropped('no config loaded');
    const result = parseIdentityFrame(this.#bytes, (pool) => snapshot.framePeers.get(pool), {
      gateway: snapshot.gateway,
      // Of this end, as the worker dialled it.
      gatewayAddress: `${this.#socket.localAddress ?? ''}:${this.#socket.localPort ?? 0}`,
    });
    if (result.status === 'incomplete') return;
    if (result.status === 'invalid') this.#options.onDropped(result.reason);
    else this.#knock(result.frame, signerOf(result.frame, snapshot), result.byteLength);
  }

  #knock(frame: IdentityFrame, signer: Signer | undefined, byteLength: number): void {
    const { boundary, onDropped } = this.#options;
    let isAnswered = false;
    let isPaused = false;
    this.#isAsking = true;
    this.#core.door.enter(frame, (entry, leave) => {
      isAnswered = true;
      if (this.#socket.destroyed) return leave();
      boundary.on(this.#socket, 'close', leave);
      boundary.run(() => {
        if (entry.kind === 'refused') return onDropped(entry.reason);
        const isRead = this.#meet(frame, { signer, hasPlace: entry.kind === 'entered' }, byteLength);
        if (isRead && isPaused) this.#socket.resume();
      }, undefined);
    });
    if (isAnswered) return;
    isPaused = true;
    this.#socket.pause();
  }

  #meet(frame: IdentityFrame, known: Pick<Arrival, 'signer' | 'hasPlace'>, byteLength: number): boolean {
    const { onDropped, onMet } = this.#options;
    const peer = createPeer(frame);
    const { snapshot } = this.#core;
    const rest = this.#bytes.subarray(byteLength);
    this.#bytes = Buffer.alloc(0);
    if (peer === undefined) onDropped('frame names no valid host');
    // The door may have taken its time, and the policy have changed.
    else if (snapshot === undefined || !isTrusted(known.signer, snapshot, peer)) onDropped('unknown pool');
    else return onMet({ peer, snapshot, ...known }, rest);
    return false;
  }
}
