import { expect, test } from 'vitest';
import { renderEventBatch } from '../../telemetry/event-batch.ts';
import { invocation } from './invocation-fixture.ts';

const own = 'clrk.invocations.shop.main.TaskAgent.hello';
const message = (seq: number, data: string, subject = own) => ({
  subject,
  seq,
  timestampNanos: 1.7954e18 + seq,
  data: Buffer.from(data),
});
const event = JSON.stringify(invocation('0b9f6e1e-3d43-4f0f-8a2e-0123456789ab', { phase: 'Running' }));

test('the same messages have the same token, others another', () => {
  const token = (seqs: number[]) => renderEventBatch(seqs.map((seq) => message(seq, event))).insert?.token;
  expect(token([1, 2])).toBe(token([1, 2]));
  expect(new Set([token([1, 2]), token([1]), token([2, 3]), token([1, 2, 3])]).size).toBe(4);
});

test.each([
  ['not JSON', '{'],
  ['another schema', '{"kind":"Pod"}'],
  ['an unknown phase', event.replace('Running', 'Flying')],
  ['too large', event.replace('Running"', `Running","message":"${'x'.repeat(300_000)}"`)],
])('%s is counted and left out, its neighbours are kept', (_name, bad) => {
  const { insert, malformed } = renderEventBatch([message(1, event), message(2, bad), message(3, event)]);
  expect(malformed).toBe(1);
  const seqs = insert?.body
    .toString()
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { stream_seq: number }).stream_seq);
  expect(seqs).toEqual([1, 3]);
});

test('nothing well-formed: nothing to insert', () => {
  expect(renderEventBatch([message(1, 'x')])).toEqual({ insert: undefined, malformed: 1, foreign: 0 });
});

test('S57: an event of another agent than its subject names is counted and left out', () => {
  const foreign = 'clrk.invocations.team-a.main.TaskAgent.hello';
  const {
    insert,
    malformed,
    foreign: count,
  } = renderEventBatch([message(1, event, foreign), message(2, event)]);
  expect({ malformed, count }).toEqual({ malformed: 0, count: 1 });
  expect(insert?.body.toString().trim().split('\n')).toHaveLength(1);
});
