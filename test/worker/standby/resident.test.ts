/** One process, many runs, on the real thing: what each run has of its own, and what ends the process. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attribute, type PoolAgent } from '../../../contract/index.ts';
import { expectNoLeftovers, terminalOf } from '../expectation.ts';
import { testAgent, TestWorker, waitFor } from '../test-worker.ts';
import { StandbyBed } from './standby-bed.ts';

/** Asks, does what the body says, answers with how many runs it has had; `$first` is the id of its first run. */
const loop = `
runs=0
post() { curl -sS -o /dev/null -H "x-clrk-invocation-id: $1" --data-binary "$2" $CLRK_METADATA_URL/response; }
while true; do
  curl -sS -D /tmp/head -o /tmp/event $CLRK_METADATA_URL/event
  id=$(grep -i '^x-clrk-invocation-id' /tmp/head); id=\${id#*: }; id=\${id%$'\\r'}
  runs=$((runs + 1)); said=''
  [ $runs = 1 ] && first=$id
  echo "run $runs" >&2
  case "$(cat /tmp/event)" in
    connect) exec 3<>/dev/tcp/api.example.com/80 ;;
    use) echo x >&3 2>/dev/null && read -t 2 -u 3 line; said=" line=$line"; curl -sS -o /dev/null http://api.example.com/ ;;
    linger) (sleep 1; curl -sS -o /dev/null http://api.example.com/; echo lingered >&2) & ;;
    late) post "$first" "an answer to run 1"; sleep 5 ;;
    twice) post "$id" one; post "$id" two; continue ;;
    hang) sleep 60 ;;
    die) exit 3 ;;
  esac
  post "$id" "runs=$runs$said"
done`;

const resident = (name: string, maxRuns: number, more: Partial<PoolAgent> = {}) =>
  testAgent(name, '', {
    warmPoolSize: 1,
    standby: { mode: 'Resident', maxRuns, maxAgeMs: 3_600_000 },
    deliveryMode: 'Metadata',
    timeoutMs: 5_000,
    revisions: [
      { name: `${name}-00001`, image: 'test/root:1', command: ['/bin/bash', '-c'], args: [loop], env: [] },
    ],
    ...more,
  });

const agents = [resident('many', 1000), resident('three', 3)];
let bed: StandbyBed;
let worker: TestWorker;

beforeAll(async () => {
  bed = await StandbyBed.open(agents);
  ({ worker } = bed);
}, 60_000);

afterAll(() => bed.close());

const isWarm = (name: string) => bed.isWarm(name);

/** Called when one waits: its answer, and its terminal event. */
async function run(name: string, body: string) {
  await waitFor(() => isWarm(name), 20_000);
  const answer = await worker.call(name, body);
  return { ...answer, status: answer.status, terminal: await terminalOf(worker, answer.invocationId) };
}

/** A process that has had no run, whatever the test before has left. */
async function fresh(): Promise<void> {
  await run('many', 'die');
  const { text } = await run('many', '');
  expect(text).toBe('runs=1');
}

test('one process serves run after run, each with its own id, records and logs', async () => {
  const first = await run('many', '');
  const second = await run('many', '');
  expect([first.text, second.text]).toEqual(['runs=1', 'runs=2']);
  expect(first.terminal.phase).toBe('Succeeded');
  const runOf = (line: string) =>
    worker.logs.getFinishedLogRecords().find(({ body }) => body === line)?.attributes[attribute.invocationId];
  expect([runOf('run 1'), runOf('run 2')]).toEqual([first.invocationId, second.invocationId]);
});

test('S13: a connection ends with its run, and the next is of the next', async () => {
  await fresh();
  const first = await run('many', 'connect');
  await waitFor(() => worker.gateway.frames.some((frame) => frame.invocationId === first.invocationId));
  const bytes = worker.gateway.received.length;
  const second = await run('many', 'use');
  // Nothing came over the connection of the run before, to either side.
  expect(second.text).toBe('runs=3 line=');
  expect(worker.gateway.frames.slice(-1).map((frame) => frame.invocationId)).toEqual([second.invocationId]);
  expect(
    worker.gateway.received
      .slice(bytes)
      .map(String)
      .filter((each) => each === 'x\n'),
  ).toEqual([]);
});

test('what the process does between runs is of no run that was', async () => {
  await fresh();
  const first = await run('many', 'linger');
  await waitFor(() => isWarm('many'));
  const frames = worker.gateway.frames.length;
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(worker.gateway.frames).toHaveLength(frames);
  const second = await run('many', '');
  await waitFor(() => worker.gateway.frames.length === frames + 1);
  expect(worker.gateway.frames.at(-1)?.invocationId).toBe(second.invocationId);
  expect(first.invocationId).not.toBe(second.invocationId);
});

test('an answer to another run is not given to this one’s caller, and ends the process', async () => {
  await fresh();
  const late = await run('many', 'late');
  expect(late.text).not.toContain('an answer to run 1');
  expect((await run('many', '')).text).toBe('runs=1');
});

test('a second answer ends the process, and reaches nobody', async () => {
  await fresh();
  expect((await run('many', 'twice')).text).toBe('one');
  const texts: string[] = [];
  // It may come in the middle of the next run.
  while (!texts.includes('runs=1') && texts.length < 3) texts.push((await run('many', '')).text);
  expect(texts.filter((text) => text !== 'runs=3')).toEqual(['runs=1']);
});

test.each(['hang', 'die'])(
  'a run that misbehaves (%s) ends the process',
  async (how) => {
    await fresh();
    await run('many', how);
    expect((await run('many', '')).text).toBe('runs=1');
  },
  30_000,
);

test('after maxRuns the process is another', async () => {
  const texts: string[] = [];
  for (let count = 0; count < 4; count += 1) texts.push((await run('three', '')).text);
  expect(texts).toEqual(['runs=1', 'runs=2', 'runs=3', 'runs=1']);
});

test('S54: there are never more processes than the pool has places, and a call too many has a sandbox of its own', async () => {
  await waitFor(() => isWarm('many'));
  const answers = await Promise.all([1, 2, 3].map(() => worker.call('many', '')));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(answers.filter(({ text }) => text === 'runs=1').length).toBeGreaterThanOrEqual(2);
  await waitFor(() => isWarm('many') && isWarm('three'));
  await worker.worker.settled();
  expectNoLeftovers(worker);
});
