import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EventOutbox } from '../../process/index.ts';
import { silentLog, until } from '../telemetry/embedded.ts';
import { invocation } from '../telemetry/invocation-fixture.ts';

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
    for (const each of events) outbox.reserve(1)?.put(each);
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
      capacity: 4,
      publish: () => new Promise(() => undefined),
    });
    const first = outbox.reserve(2);
    const second = outbox.reserve(2);
    expect(outbox.reserve(1)).toBeUndefined();
    first?.put(event());
    first?.release();
    expect(outbox.reserve(2)).toBeUndefined();
    const third = outbox.reserve(1);
    expect(third).toBeDefined();
    expect(() => first?.put(event())).toThrow('more events than were reserved');
    second?.release();
    second?.release();
    expect(outbox.reserve(2)).toBeDefined();
    expect(outbox.reserve(1)).toBeUndefined();
    await outbox[Symbol.asyncDispose]();
  });

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
    for (let index = 0; index < 1000; index++) outbox.reserve(1)?.put(event());
    await until('all are out', () => outbox.pending === 0);
    expect(most).toBeLessThanOrEqual(64);
  });
});
