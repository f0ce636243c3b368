/** What waits for a receiver of the gateway's owner: bounded, of its own memory, and every record sent or counted as lost. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExportHealth } from '../../../egress/export/export-health.ts';
import { ExportQueue } from '../../../egress/export/export-queue.ts';

function openQueue(maxBytes: number) {
  const count = { lost: 0, sent: 0 };
  const queue = new ExportQueue({
    maxBytes,
    onLost: (records) => (count.lost += records),
    onSent: (records) => (count.sent += records),
  });
  return { queue, count };
}

test('it holds memory of its own: that of a batch is used again', () => {
  const { queue } = openQueue(100);
  const [traces, logs] = [Buffer.from('spans'), Buffer.from('logs')];
  queue.offer({ traces, logs, records: 1 });
  traces.fill(0);
  logs.fill(0);
  expect(queue.next()?.body.toString()).toBe('spans');
  queue.settle('sent');
  expect(queue.next()?.body.toString()).toBe('logs');
});

test('property: whatever comes and goes, it holds no more than its bound, in order, and each record has one end', () => {
  const step = fc.oneof(
    fc.record({ bytes: fc.nat(40), records: fc.integer({ min: 1, max: 5 }) }),
    fc.constantFrom('sent' as const, 'refused' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { queue, count } = openQueue(100);
      let offered = 0;
      for (const each of steps) {
        if (typeof each === 'string') queue.settle(each);
        else {
          const body = Buffer.alloc(each.bytes);
          offered += each.records;
          queue.offer({ traces: body, logs: body, records: each.records });
        }
        expect(queue.heldBytes).toBeLessThanOrEqual(100);
      }
      queue.drop();
      expect(queue.heldBytes).toBe(0);
      expect(count.lost + count.sent).toBe(offered);
    }),
  );
});

test('what was lost is told for a while, and a fault until something arrives', () => {
  const health = new ExportHealth();
  expect(health.lost(0)).toBe(true);
  expect(health.lost(1_000)).toBe(false);
  expect(health.attempted({ code: 'TimedOut' })).toBe(true);
  expect(health.attempted({ code: 'TimedOut' })).toBe(false);
  expect(health.state(2_000)).toEqual({ fault: { code: 'TimedOut' }, arrived: false, losing: true });
  expect(health.attempted(undefined)).toBe(true);
  expect(health.attempted(undefined)).toBe(false);
  expect(health.state(400_000)).toEqual({ arrived: true, losing: false });
});
