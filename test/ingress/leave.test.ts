/** An ingress that is told to stop, as its callers see it: none has a connection that breaks with a call on its way. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { IngressBed } from './ingress-bed.ts';

const bed = new IngressBed();
/** Until it is closed: no test waits for the clock. */
const long = { leastMs: 600_000, quietMs: 600_000, mostMs: 600_000 };

/** One connection of a caller that keeps it, and what came on it. */
class Kept {
  readonly socket: Socket;
  text = '';
  /** `end`: as it should be; an error: broken. */
  over: string | undefined;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.setEncoding('latin1').on('data', (text: string) => (this.text += text));
    this.socket.on('end', () => (this.over ??= 'end'));
    this.socket.on('error', ({ message }) => (this.over ??= message));
  }

  /** The head of the answer. */
  async ask(): Promise<string> {
    this.text = '';
    this.socket.write('GET /agents/shop/hello/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('it is answered', () => this.text.includes('\r\n\r\n') || this.over !== undefined);
    return this.text.split('\r\n\r\n')[0] ?? '';
  }
}

async function open(leave: typeof long): Promise<void> {
  await bed.open({ leave });
  const worker = await bed.startWorker('w1');
  worker.behaviour = (_call, response) => response.end('done');
}

describe('while callers may not know yet that it goes', () => {
  beforeEach(() => open(long));

  test('it takes calls on new connections, and says with each answer that the connection ends', async () => {
    const left = bed.ingress.leave();
    expect(bed.ingress.draining).toBe(true);
    const { status, headers } = await call({ port: bed.ingress.port, headers: { connection: 'keep-alive' } });
    expect([status, headers.connection]).toEqual([200, 'close']);
    await bed.ingress.drain(0);
    await left;
  });

  test('a connection that is kept has an answer before it ends', async () => {
    const kept = new Kept(bed.ingress.port);
    expect(await kept.ask()).toMatch(/^HTTP\/1\.1 200 OK[^]*Connection: keep-alive/);
    const left = bed.ingress.leave();
    expect(await kept.ask()).toMatch(/^HTTP\/1\.1 200 OK[^]*Connection: close/);
    await until('it ends', () => kept.over !== undefined);
    expect(kept.over).toBe('end');
    await bed.ingress.drain(0);
    await left;
  });

  test('an answer that has not begun says so too', async () => {
    let end: (() => void) | undefined;
    const [worker] = bed.stubs;
    if (worker !== undefined) worker.behaviour = (_call, response) => (end = () => response.end('done'));
    const kept = new Kept(bed.ingress.port);
    const answer = kept.ask();
    await until('it runs', () => end !== undefined);
    const left = bed.ingress.leave();
    end?.();
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK[^]*Connection: close/);
    await bed.ingress.drain(0);
    await left;
  });

  test('when it listens no more, a kept connection is told to call again elsewhere, and is not broken', async () => {
    const kept = new Kept(bed.ingress.port);
    await kept.ask();
    const left = bed.ingress.leave();
    const drained = bed.ingress.drain(60_000);
    await expect(call({ port: bed.ingress.port })).rejects.toThrow('ECONNREFUSED');
    const head = await kept.ask();
    expect(head).toMatch(/^HTTP\/1\.1 503 [^]*x-clrk-error-code: INGRESS_DRAINING/i);
    expect(head).toMatch(/Connection: close/i);
    // It waits for nobody else.
    await Promise.all([left, drained]);
    expect(kept.over).toBe('end');
  });
});

test('it goes when nobody has come for a while, and ends what is idle as it should be', async () => {
  await open({ leastMs: 0, quietMs: 0, mostMs: 60_000 });
  const kept = new Kept(bed.ingress.port);
  await kept.ask();
  await bed.ingress.leave();
  await bed.ingress.drain(60_000);
  await until('it ends', () => kept.over !== undefined);
  expect(kept.over).toBe('end');
});

test('whoever keeps coming keeps it for so long and no longer', async () => {
  await open({ leastMs: 0, quietMs: 600_000, mostMs: 50 });
  const kept = new Kept(bed.ingress.port);
  await once(kept.socket, 'connect');
  await bed.ingress.leave();
  await bed.ingress.drain(60_000);
});
