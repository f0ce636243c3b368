/** Agents restored from an image of their memory, on the real thing: whose run it is, what is in the image, and what is not trusted. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attribute, type PoolAgent } from '../../../contract/index.ts';
import { expectNoLeftovers, terminalOf } from '../expectation.ts';
import { testAgent, TestWorker, waitFor } from '../test-worker.ts';
import { StandbyBed } from '../standby/standby-bed.ts';

const snapshot = (name: string, script: string, more: Partial<PoolAgent> = {}) =>
  testAgent(name, script, { warmPoolSize: 1, standby: { mode: 'Snapshot' }, ...more });

const bash = (name: string, script: string) => ({
  ...{ name: `${name}-00001`, image: 'test/root:1', command: ['/bin/bash', '-c'], args: [script], env: [] },
});

const agents = [
  snapshot('echo', 'echo booted >&2; cat; echo ran >&2; exit 3'),
];

let bed: StandbyBed;
let worker: TestWorker;

beforeAll(async () => {
  bed = await StandbyBed.open(agents);
  ({ worker } = bed);
}, 60_000);

afterAll(() => bed.close());

const invokeSpans = () => worker.spans.getFinishedSpans().filter(({ name }) => name === 'sandbox.invoke');
const logged = (body: string) =>
  worker.logs.getFinishedLogRecords().filter((record) => record.body === body).map(({ attributes }) => attributes);

test('each run is restored where the agent waited, in a sandbox of its own', async () => {
  await waitFor(() => bed.isWarm('echo'), 60_000);
  const first = await worker.call('echo', 'x');
  console.log(first.status, first.text, first.headers, first.trailers, invokeSpans().map((s) => s.attributes), worker.errors);
  const t = await terminalOf(worker, first.invocationId);
  console.log(t);
  expect(first.text).toBe('x');
  expect(logged('ran')).toMatchObject([{[attribute.invocationId]: first.invocationId}]);
}, 120_000);
