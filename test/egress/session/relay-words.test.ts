/** What is said in a relay besides what passes: nobody who does not listen can make the gateway hold it. */
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { relay, type RelayPorts } from '../../../egress/session/relay.ts';

const frames = 5_000;
const word = Buffer.alloc(300, 'w');

/** Takes what is written once `listens`. */
class Side extends Duplex {
  taken = 0;
  listens: boolean;
  #done: (() => void) | undefined;

  constructor(listens: boolean) {
    super();
    this.listens = listens;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.taken += chunk.length;
    if (this.listens) done();
    else this.#done = done;
  }

  listen(): void {
    this.listens = true;
    this.#done?.();
  }
}

async function settle(): Promise<void> {
  for (let left = 200; left > 0; left -= 1) await turn();
}

test.each(['toAgent', 'toUpstream'] as const)(
  'S54: who goes on talking and does not take what is said %s is not listened to until he does',
  async (port) => {
    const deaf = new Side(false);
    const other = new Side(true);
    const [agent, upstream] = port === 'toAgent' ? [deaf, other] : [other, deaf];
    let ports: RelayPorts | undefined;
    const over = relay(agent, upstream, {
      ...{ idleMs: 1_000, now: () => 0, onTick: () => () => undefined, agentHalfCloses: false },
      onOpen: (opened) => {
        ports = opened;
      },
      rewrite: () => {
        ports?.[port](word);
        return Buffer.alloc(0);
      },
    });
    for (let left = frames; left > 0; left -= 1) {
      agent.push(Buffer.from('frame'));
      if (left % 50 === 0) await turn();
    }
    await settle();
    expect(deaf.writableLength).toBeLessThan(2 * deaf.writableHighWaterMark);
    deaf.listen();
    await settle();
    expect(deaf.taken % word.length).toBe(0);
    expect(deaf.taken).toBeGreaterThan(0);
    expect(deaf.writableLength).toBe(0);
    expect(agent.readableLength).toBe(0);
    ports?.end('DONE');
    expect(await over).toMatchObject({ error: 'DONE' });
  },
);
