import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EventOutbox } from '../../process/index.ts';
import type { AgentRef } from '../../contract/index.ts';
import { silentLog, until } from '../telemetry/embedded.ts';
import { invocation } from '../telemetry/invocation-fixture.ts';

const owner: AgentRef = { kind: 'TaskAgent', namespace: 'shop', name: 'hello' };
const event = () => invocation(randomUUID(), { phase: 'Dispatched' });

describe('the outbox', () => {
  test('keeps every event through an outage and repeats until acknowledged', async () => {
    let away = true;
    const sent: string[] = [];
    const outbox = new EventOutbox({
      writer: { role: 'ingress' },
      log: silentLog,
      retryMinMs: 5,
      retryMaxMs: 20,
      publish: (_subject, _payload, messageId) => {
        if (away) return Promise.reject(new Error('away'));
        sent.push(messageId);
        return Promise.resolve({ duplicate: false });
      },
    });
    const events = Array.from({ length: 200 }, event);
    for (const each of events) outbox.reserve(1, owner)?.put(each);
    expect(await outbox.flush(50)).toBe(false);
    expect(outbox.pending).toBe(200);
    away = false;
    expect(await outbox.flush(5_000)).toBe(true);
    expect(sent.toSorted()).toEqual(events.map((each) => `u1/${each.metadata.name}/Dispatched`).toSorted());
  });

  test('reserves no more than it holds; what is not used is given back', async () => {
    const outbox = new EventOutbox({
      writer: { role: 'ingress' },
      log: silentLog,
      capacity: 8,
      publish: () => new Promise(() => undefined),
    });
    const of = (name: string) => outbox.reserve(2, { ...owner, namespace: name, name });
    const first = of('a');
    const second = of('b');
    first?.put(event());
    first?.put(event());
    expect(() => first?.put(event())).toThrow('more events than were reserved');
    expect(outbox.free).toBe(4);
    second?.put(event());
    second?.release();
    second?.release();
    expect(outbox.free).toBe(5);
    expect(outbox.reserve(6, owner)).toBeUndefined();
    expect(outbox.free).toBe(5);
    await outbox[Symbol.asyncDispose]();
  });

  test('S54: while NATS is away one namespace and one agent are refused before others; all is given back', async () => {
    let away = true;
    const outbox = new EventOutbox({
      ...{ writer: { role: 'ingress' }, log: silentLog, capacity: 2_000, retryMinMs: 1, retryMaxMs: 5 },
      publish: () => (away ? Promise.reject(new Error('away')) : Promise.resolve({ duplicate: false })),
    });
    const flood = (agent: AgentRef): number => {
      let taken = 0;
      for (let index = 0; index < 1_000; index += 1) {
        const room = outbox.reserve(2, agent);
        room?.put(event());
        room?.put(event());
        if (room !== undefined) taken += 1;
      }
      return taken;
    };
    const taken = flood(owner);
    expect(taken).toBeGreaterThan(200);
    // Another agent of the namespace, another namespace: they are let in.
    const neighbour = outbox.reserve(2, { ...owner, name: 'neighbour' });
    expect(neighbour).toBeDefined();
    neighbour?.release();
    // However many agents it has.
    for (let index = 0; index < 60; index += 1) flood({ ...owner, name: `a${index}` });
    const honest = { ...owner, namespace: 'honest' };
    const rooms = Array.from({ length: 16 }, () => outbox.reserve(2, honest));
    expect(rooms.filter((room) => room === undefined)).toEqual([]);
    for (const room of rooms) room?.release();
    away = false;
    expect(await outbox.flush(20_000)).toBe(true);
    expect(outbox.free).toBe(2_000);
    expect(flood(owner)).toBe(taken);
    await outbox.flush(20_000);
    await outbox[Symbol.asyncDispose]();
  }, 60_000);

  test('publishes a bounded number at once', async () => {
    let running = 0;
    let most = 0;
    const outbox = new EventOutbox({
      writer: { role: 'ingress' },
      log: silentLog,
      publish: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return { duplicate: false };
      },
    });
    for (let index = 0; index < 1000; index++) outbox.reserve(1, owner)?.put(event());
    await until('all are out', () => outbox.pending === 0);
    expect(most).toBeLessThanOrEqual(256);
  });
});
