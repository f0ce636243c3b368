import { expect, test } from 'vitest';
import { readEvents, renderInserts } from '../../telemetry/stream/event-batch.ts';
import { invocation } from './invocation-fixture.ts';

const own = 'clrk.invocations.shop.main.TaskAgent.hello';
const id = '0b9f6e1e-3d43-4f0f-8a2e-0123456789ab';
const takenMs = 1_795_400_000_000;
const message = (seq: number, data: string, subject = own) => ({
  subject,
  seq,
  timestampNanos: takenMs * 1e6,
  redelivered: false,
  data: Buffer.from(data),
});
const event = JSON.stringify(invocation(id, { phase: 'Running' }));
const ended = JSON.stringify(invocation(id, { phase: 'Succeeded' }));
const inserts = (...messages: Array<ReturnType<typeof message>>) =>
  renderInserts(readEvents(messages).events);
const rowsIn = (...messages: Array<ReturnType<typeof message>>): Array<Record<string, unknown>> =>
  inserts(...messages)
    .flatMap((insert) => insert.body.toString().trim().split('\n'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('the same messages have the same token in a table, others another', () => {
  const token = (seqs: number[]) => inserts(...seqs.map((seq) => message(seq, event)))[0]?.token;
  expect(token([1, 2])).toBe(token([1, 2]));
  expect(new Set([token([1, 2]), token([1]), token([2, 3]), token([1, 2, 3])]).size).toBe(4);
  const tokens = inserts(message(1, event), message(2, ended)).map((insert) => insert.token);
  expect(new Set(tokens).size).toBe(3);
});

test('an end goes to the tables of calls, what is said before it to the one of progress', () => {
  const told = inserts(message(1, event), message(2, ended));
  expect(told.map(({ table, body }) => [table, body.toString().trim().split('\n').length])).toEqual([
    ['invocation_progress', 1],
    ['invocations_by_agent', 1],
    ['invocations', 1],
  ]);
});

test.each([
  ['not JSON', '{'],
  ['another schema', '{"kind":"Pod"}'],
  ['an unknown phase', event.replace('Running', 'Flying')],
  ['an id that is none', event.replaceAll(id, 'mine')],
  ['too large', event.replace('Running"', `Running","message":"${'x'.repeat(300_000)}"`)],
])('%s is counted and left out, its neighbours are kept', (_name, bad) => {
  const { events, malformed } = readEvents([message(1, event), message(2, bad), message(3, event)]);
  expect(malformed).toBe(1);
  expect(events.map(({ seq }) => seq)).toEqual([1, 3]);
});

test('nothing well-formed: nothing to insert', () => {
  expect(readEvents([message(1, 'x')])).toEqual({ events: [], malformed: 1, foreign: 0 });
  expect(renderInserts([])).toEqual([]);
});

test('S57: an event of another agent than its subject names is counted and left out', () => {
  const foreign = 'clrk.invocations.team-a.main.TaskAgent.hello';
  const { events, ...counts } = readEvents([message(1, event, foreign), message(2, event)]);
  expect(counts).toEqual({ malformed: 0, foreign: 1 });
  expect(events).toHaveLength(1);
});

test.each([
  ['in a far future', '2106-01-01T00:00:00Z', takenMs + 24 * 3600 * 1000],
  ['long ago', '1970-01-01T00:00:01Z', takenMs - 7 * 24 * 3600 * 1000],
  ['no time', 'yesterday', takenMs],
  ['now', new Date(takenMs - 1_000).toISOString(), takenMs - 1_000],
])('a call that says it was made %s opens no partition of its own', (_name, said, kept) => {
  const object = invocation(id, { phase: 'Succeeded' });
  const claimed = { ...object, metadata: { ...object.metadata, creationTimestamp: said } };
  const [row] = rowsIn(message(1, JSON.stringify(claimed)));
  expect(row?.['created_at']).toBe(
    `${Math.trunc(kept / 1000)}.${String(kept % 1000).padStart(3, '0')}000000`,
  );
});

test('numbers and texts of a pool are brought into what the columns hold', () => {
  const wild = invocation(id, {
    phase: 'Failed',
    exitCode: 2 ** 40,
    httpStatus: -3,
    reason: 'r'.repeat(500),
    worker: '\ud800',
  });
  const [row] = rowsIn(message(1, JSON.stringify(wild)));
  expect(row).toMatchObject({ exit_code: 2 ** 31 - 1, http_status: 0, worker: '\ufffd' });
  expect(row?.['reason']).toHaveLength(64);
});
