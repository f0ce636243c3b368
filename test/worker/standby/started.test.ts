/** Agents started before they have a run, on the real thing: what they reach, whose it is, and who is not given one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attribute } from '../../../contract/index.ts';
import { expectNoLeftovers, terminalOf } from '../expectation.ts';
import { testAgent, testGatewayConfig, TestWorker, waitFor } from '../test-worker.ts';
import { StandbyBed } from './standby-bed.ts';

const started = (name: string, script: string, more = {}) =>
  testAgent(name, script, { warmPoolSize: 1, standby: { mode: 'Started' }, ...more });

const answerBack =
  'curl -sS -o /tmp/event $CLRK_METADATA_URL/event; echo asked >&2; ' +
  'curl -sS -o /dev/null --data-binary @/tmp/event $CLRK_METADATA_URL/response';

const bash = (name: string, script: string) => ({
  ...{ name: `${name}-00001`, image: 'test/root:1', command: ['/bin/bash', '-c'], args: [script], env: [] },
});
const eagerScript =
  'getent hosts api.example.com >/tmp/name; getent hosts denied.example.com; echo x >/dev/udp/203.0.113.9/99; ' +
  'curl -sS http://api.example.com/ >/tmp/got & echo ready >&2; cat >/dev/null; wait; cat /tmp/name /tmp/got';

const agents = [
  started('echo', 'echo booted >&2; cat; echo ran >&2'),
  started('metadata', answerBack, { deliveryMode: 'Metadata' }),
  started('eager', '', { revisions: [bash('eager', eagerScript)] }),
];
const misfits = [
  started('leaver', 'exit 0'),
  started('talker', 'echo hello; cat'),
  started('guesser', 'curl -sS --data x $CLRK_METADATA_URL/response; cat', { deliveryMode: 'Metadata' }),
];

let bed: StandbyBed;
let worker: TestWorker;

beforeAll(async () => {
  bed = await StandbyBed.open(agents);
  ({ worker } = bed);
}, 60_000);

afterAll(() => bed.close());

const isWarm = (name: string) => bed.isWarm(name);
const logged = (body: string) =>
  worker.logs.getFinishedLogRecords().find((record) => record.body === body)?.attributes;

test('a hit starts nothing, and what was printed before it is of no run', async () => {
  await waitFor(() => isWarm('echo') && logged('booted') !== undefined);
  const answer = await worker.call('echo', 'x');
  expect(answer.status).toBe(200);
  await terminalOf(worker, answer.invocationId);
  const invoke = worker.spans.getFinishedSpans().find(({ name }) => name === 'sandbox.invoke');
  expect(invoke?.attributes).toMatchObject({
    'clrk.sandbox.warm': true,
    'clrk.sandbox.warm_mode': 'Started',
    [attribute.sandboxId]: logged('booted')?.[attribute.sandboxId],
  });
  expect(logged('booted')).not.toHaveProperty([attribute.invocationId]);
  expect(logged('booted')).toMatchObject({ [attribute.agentName]: 'echo' });
  expect(logged('ran')).toMatchObject({ [attribute.invocationId]: answer.invocationId });
  await waitFor(() => agents.every(({ name }) => isWarm(name)));
  await worker.worker.settled();
  expectNoLeftovers(worker);
});

test('a question for the event is held until there is one', async () => {
  await waitFor(() => isWarm('metadata'));
  const answer = await worker.call('metadata', 'the body');
  expect(answer.text).toBe('the body');
  expect((await terminalOf(worker, answer.invocationId)).phasesMs).toHaveProperty('boot');
});

test('S10, S13: before its run an agent is told names and reaches nothing; what waited leaves under the run', async () => {
  await waitFor(() => isWarm('eager') && logged('ready') !== undefined);
  await waitFor(() => worker.denyReasons().some((each) => each.startsWith('dns_policy denied.example.com')));
  expect(worker.gateway.frames).toEqual([]);
  const answer = await worker.call('eager', '');
  expect(answer.text).toMatch(/^198\.1[89]\.\S+ +api\.example\.com\ngateway saw api\.example\.com:80\n$/);
  expect(worker.gateway.frames.map((frame) => frame.invocationId)).toEqual([answer.invocationId]);
  await waitFor(() => worker.denyReasons().some((each) => each === 'udp 203.0.113.9 99'));
  const refused = worker.spans.getFinishedSpans().filter((span) => span.name === 'egress.dial.denied');
  for (const { attributes } of refused) {
    expect(attributes).not.toHaveProperty([attribute.invocationId]);
    expect(attributes[attribute.agentName]).toBe('eager');
  }
});

test('a change of what it may reach replaces who waits, one of the platform’s addresses does not', async () => {
  const allWait = () => waitFor(() => agents.every(({ name }) => isWarm(name)));
  const bundles = () => worker.leftovers().filter((each) => each.startsWith('bundle'));
  await allWait();
  await worker.worker.settled();
  const before = bundles();
  await worker.apply(agents, { gateways: [testGatewayConfig({ platformCidrs: ['198.51.100.7/32'] })] });
  await worker.worker.settled();
  expect(bundles()).toEqual(before);
  await worker.apply(agents, { gateways: [testGatewayConfig({ rules: [] })] });
  await worker.worker.settled();
  expect(bundles().filter((each) => before.includes(each))).toEqual([]);
});

test('who ends, writes or answers before its run is not kept, counted, and not made again at once', async () => {
  await worker.apply(misfits);
  await waitFor(() => bed.lost.length === 3, 30_000);
  expect([...bed.lost].sort()).toEqual(['AnswersEarly', 'ExitsEarly', 'WritesEarly']);
  expect(worker.worker.status().warmTroubles).toEqual({
    'default/leaver-00001': 'ExitsEarly',
    'default/talker-00001': 'WritesEarly',
    'default/guesser-00001': 'AnswersEarly',
  });
  // A call makes a sandbox of its own.
  expect((await worker.call('talker', '')).text).toMatch(/^hello\n/);
  expect(bed.lost).toHaveLength(3);
  await worker.worker.settled();
  expectNoLeftovers(worker);
});
