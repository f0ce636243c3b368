/** Agents restored from an image of their memory, on the real thing: whose run it is, what an image holds, and when there is none. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attribute } from '../../../contract/index.ts';
import { terminalOf } from '../expectation.ts';
import { testGatewayConfig, waitFor, type TestWorker } from '../test-worker.ts';
import { SnapshotBed, snapshot } from './snapshot-bed.ts';

const answers = 'IFS= read -r -d "" event; echo "$event"';
const agents = [
  snapshot('echo', `echo booted >&2; ${answers}; echo ran >&2; exit 3`),
  snapshot(
    'eager',
    'getent hosts api.example.com >/tmp/name; getent hosts denied.example.com; ' +
      `(curl -sS http://api.example.com/; echo early $?) >/tmp/early 2>&1 & read -r -d "" event; ` +
      'wait; cat /tmp/name /tmp/early; curl -sS http://$(read -r ip name </tmp/name; echo $ip)/; getent hosts api.example.com',
  ),
];

let bed: SnapshotBed;
let worker: TestWorker;

beforeAll(async () => {
  bed = await SnapshotBed.open(agents);
  ({ worker } = bed);
  await bed.waits('echo', 'eager');
}, 120_000);

afterAll(() => bed.close());

test('each run goes on where the agent waited, in a sandbox of its own; what came before is of none', async () => {
  const first = await worker.call('echo', 'one');
  await bed.waits('echo');
  const second = await worker.call('echo', 'two');
  for (const [answer, body] of [
    [first, 'one'],
    [second, 'two'],
  ] as const) {
    expect(JSON.parse(answer.text)).toMatchObject({ data_base64: Buffer.from(body).toString('base64') });
    const { phasesMs = {}, totalMs, exitCode } = await terminalOf(worker, answer.invocationId);
    expect(exitCode).toBe(3);
    expect(phasesMs['restore']).toBeGreaterThan(0);
    expect(Object.values(phasesMs).reduce((sum, each) => sum + each, 0)).toBeCloseTo(totalMs ?? 0, 3);
    const record = await bed.recordOf(answer);
    expect(record).toMatchObject({ 'clrk.sandbox.warm': true, 'clrk.sandbox.warm_mode': 'Snapshot' });
  }
  const ids = [await bed.recordOf(first), await bed.recordOf(second)].map(
    (each) => each[attribute.sandboxId],
  );
  expect(new Set(ids).size).toBe(2);
  expect(bed.logged('ran').map((each) => each[attribute.invocationId])).toEqual([
    first.invocationId,
    second.invocationId,
  ]);
  // Once, by the sandbox that the image is of.
  expect(bed.logged('booted')).toHaveLength(1);
  expect(bed.logged('booted')[0]).not.toHaveProperty([attribute.invocationId]);
});

test('a pool that is empty is still restored from', async () => {
  await bed.waits('echo');
  const calls = await Promise.all(['a', 'b', 'c'].map((body) => worker.call('echo', body)));
  const records = await Promise.all(calls.map((answer) => bed.recordOf(answer)));
  expect(records.map((each) => each['clrk.sandbox.warm_mode'])).toEqual(['Snapshot', 'Snapshot', 'Snapshot']);
  expect(records.filter((each) => each['clrk.sandbox.warm'] === true)).toHaveLength(1);
  expect(bed.fallbacks).toEqual([]);
});

test('S10: an image has reached nothing; what it was told of names holds, and leaves under the run', async () => {
  expect(worker.gateway.frames).toEqual([]);
  const answer = await worker.call('eager', '');
  const [told = '', early = '', after = '', again = ''] = answer.text.replace(/curl: .*\n/, '').split('\n');
  expect(told).toMatch(/^198\.1[89]\.\S+ +api\.example\.com$/);
  // Its connection was cut with the image, and no other run's.
  expect(early).toBe('early 56');
  expect(after).toBe('gateway saw api.example.com:80');
  expect(again).toBe(told);
  expect(worker.gateway.frames.map((frame) => frame.invocationId)).toEqual([answer.invocationId]);
});

test('S45: nothing of the platform is in an image', async () => {
  await bed.waits('echo', 'eager');
  const bytes = bed.imageBytes();
  // It is what it is searched in.
  expect(bytes.includes('api.example.com')).toBe(true);
  const { server, caPem } = worker.certificates;
  const secrets = [
    server.privateKeyPem.split('\n')[1] ?? '',
    caPem.split('\n')[1] ?? '',
    Buffer.alloc(32, 7),
  ];
  for (const secret of secrets) expect(bytes.includes(secret)).toBe(false);
});

test('a change of what it may reach makes a new image, and no image outlives its agent', async () => {
  const before = bed.images();
  expect(before).toHaveLength(2);
  await worker.apply(agents, { gateways: [testGatewayConfig({ rules: [] })] });
  await bed.waits('echo', 'eager');
  expect(bed.images().filter((each) => before.includes(each))).toEqual([]);
  expect((await worker.call('eager', '')).text).not.toContain('gateway saw');
  await worker.apply(agents.slice(0, 1));
  await waitFor(() => bed.images().length <= 1);
  await worker.apply([]);
  await waitFor(() => bed.images().length === 0);
  await waitFor(() => !worker.leftovers().some((each) => each.startsWith('bundle')), 60_000);
});
