/** A real ingress whose door of events is crowded with bodies that do not come: what an honest publisher sends is taken beside them. */
import { connect, type Socket } from 'node:net';
import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Call } from '../../ingress/call.ts';
import { EventDoor } from '../../ingress/event-door.ts';
import type { EventMessage, EventSource } from '../../ingress/event-source.ts';
import { openIngress, type Ingress } from '../../ingress/ingress.ts';
import { limits } from '../../ingress/limits.ts';
import { RequestBody } from '../../ingress/request-body.ts';
import { silentLog, until } from '../telemetry/embedded.ts';
import { call } from './call.ts';
import { agent, configWith } from './ingress-bed.ts';

const taken: EventMessage[] = [];
const source: EventSource = {
  next: () => new Promise<never>(() => undefined),
  publish: (_namespace, event) => {
    taken.push(event);
    return Promise.resolve('taken');
  },
  retry: () => Promise.resolve(true),
  nextRetry: () => new Promise<never>(() => undefined),
  bury: () => Promise.resolve(true),
};
const sockets: Socket[] = [];
let ingress: Ingress;

beforeEach(async () => {
  ingress = await openIngress({
    ...{ host: '127.0.0.1', port: 0, log: silentLog, tracer: () => trace.getTracer('test') },
    publish: () => Promise.resolve({ duplicate: false }),
    liveWorkers: () => [],
    events: { source, timeMs: () => Promise.resolve(undefined) },
  });
  ingress.configure(configWith([{ ...agent, triggers: [{ subject: '>', maxDeliver: 1 }] }]));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await ingress[Symbol.asyncDispose]();
  taken.length = 0;
});

/** The head and one byte of an event, from this address. */
async function halfPublish(peer: string): Promise<{ answer: string }> {
  const socket = connect({ port: ingress.port, host: '127.0.0.1', localAddress: peer });
  sockets.push(socket);
  const heard = { answer: '' };
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => (heard.answer += chunk.toString()));
  socket.write('POST /events/shop/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
  await new Promise((resolve) => socket.once('connect', resolve));
  return heard;
}
const publish = async (): Promise<number> =>
  (await call({ port: ingress.port, path: '/events/shop/orders', body: 'honest' })).status;

describe('half-sent events', () => {
  test.each<[string, number]>([
    ['one address', 1],
    ['eighty addresses', 80],
  ])('S54: from %s do not shut a namespace’s door to others', async (_name, addresses) => {
    const heard: Array<{ answer: string }> = [];
    for (let index = 0; index < 80; index += 1)
      heard.push(await halfPublish(`127.0.6.${(index % addresses) + 1}`));
    const most = addresses === 1 ? limits.publishing.pair : limits.publishing.namespace;
    await until('the door is full', () => ingress.usage.publishing === most);
    const statuses = await Promise.all(Array.from({ length: 5 }, publish));
    expect(statuses).toEqual(Array(5).fill(202));
    expect(taken.map(({ data }) => Buffer.from(data).toString())).toEqual(Array(5).fill('honest'));
    await until('who went is told why', () =>
      heard.some(({ answer }) => answer.includes('TOO_MANY_UPLOADS')),
    );
  });
});

test('an event has so long to come, however steadily it drips; what comes later is kept nowhere', async () => {
  vi.useFakeTimers();
  try {
    let pulls = 0;
    const drip = async function* (): AsyncGenerator<Buffer> {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 700));
        pulls += 1;
        yield Buffer.from('x');
      }
    };
    const said: Buffer[] = [];
    let status = 0;
    const body = new RequestBody({ headers: {}, iterator: drip as never });
    const dripping = {
      ...{ method: 'POST', url: '/events/shop/a', headers: {}, peer: 'p', complete: false, hasBody: true },
      answer: {
        ...{ begun: false, closed: false },
        begin: (head: { status: number }) => (status = head.status),
        write: (bytes: Buffer) => Promise.resolve(said.push(bytes)),
      },
      openBody: () => body,
      endAfterBody: () => undefined,
    } as unknown as Call;
    const door = new EventDoor(source, () => Date.now());
    const answered = door.take(dripping, { namespace: 'shop', subject: 'a' }, true);
    await vi.advanceTimersByTimeAsync(limits.eventBodyMs - 1);
    expect([status, door.publishing]).toEqual([0, 1]);
    await vi.advanceTimersByTimeAsync(1);
    await answered;
    expect([status, door.publishing]).toEqual([408, 0]);
    expect(Buffer.concat(said).toString()).toContain('BODY_STALLED');
    const before = { bytes: body.bytes, pulls };
    await vi.advanceTimersByTimeAsync(60_000);
    expect(body.bytes).toBe(before.bytes);
    expect(pulls - before.pulls).toBeLessThanOrEqual(1);
  } finally {
    vi.useRealTimers();
  }
});
