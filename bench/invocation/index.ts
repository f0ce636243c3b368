/**
 * Invocations on a worker with its real parts (namespaces, runsc, mTLS), phase by phase, cold and warm, beside bare
 * `runsc run` of the same bundle in turn with them, so that a busy moment hits both. A static busybox, the image cached.
 * Only the registry is missing: the image is a directory. Needs root and the runsc of `clrk dev`.
 */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PoolAgent } from '../../contract/index.ts';
import { isTerminal } from '../../contract/index.ts';
import { runscPath, testAgent, TestWorker, waitFor } from '../../test/worker/test-worker.ts';
import { installPackages } from '../packages.ts';
import type { BenchResult } from '../result.ts';
import { median } from '../statistics.ts';
import { prepareBareRun } from './bare-run.ts';
import { firstByteMs, gapMs, phaseRows, plainRow, type PhaseSample } from './phase-table.ts';

const rounds = Number(process.env['CLRK_BENCH_ROUNDS'] ?? 20);
const warmUps = 2;
const findBusybox = (): string | undefined => ['/bin/busybox', '/usr/bin/busybox'].find(existsSync);
const event = '{"question":42}\n';
const patienceMs = 60_000;

function agent(name: string, more: Partial<PoolAgent> = {}): PoolAgent {
  const revision = { name: `${name}-00001`, image: 'test/root:1', command: ['/bin/busybox', 'cat'], env: [] };
  return testAgent(name, '', { revisions: [revision], servingRevision: revision.name, ...more });
}

const agents = [
  agent('cold'),
  // Its sandbox stays: bare runs use its bundle and its root.
  agent('holder', {
    revisions: [{ name: 'holder-00001', image: 'test/root:1', command: ['/bin/busybox', 'cat'], env: [] }],
    warmPoolSize: 1,
    warmPoolIdleTtlMs: 3_600_000,
  }),
];
const warm = { warmPoolSize: 1, warmPoolIdleTtlMs: 3_600_000 };
/** The shortest agent of many runs: asks, answers with what it got, asks again; two programs a run. */
const loop = `while true; do
  id=$(/bin/busybox wget -S -O /tmp/event $CLRK_METADATA_URL/event 2>&1 | /bin/busybox grep -i x-clrk-invocation-id)
  /bin/busybox wget -q -O /dev/null --header "x-clrk-invocation-id: \${id##*: }" --post-file /tmp/event $CLRK_METADATA_URL/response
done`;
const resident: Partial<PoolAgent> = {
  revisions: [
    {
      ...{ name: 'resident-00001', image: 'test/root:1', env: [] },
      command: ['/bin/busybox', 'sh', '-c', loop],
    },
  ],
  deliveryMode: 'Metadata',
  standby: { mode: 'Resident', maxRuns: 100_000, maxAgeMs: 3_600_000 },
};
const warmAgents = {
  created: agent('created', warm),
  started: agent('started', { ...warm, standby: { mode: 'Started' } }),
  resident: agent('resident', { ...warm, ...resident }),
  snapshot: agent('snapshot', { ...warm, standby: { mode: 'Snapshot' } }),
} as const;

interface Timed extends PhaseSample {
  /** As the caller saw it, connection and TLS included. */
  readonly callerMs: number;
}

async function invoke(worker: TestWorker, name: string): Promise<Timed> {
  const startedAt = performance.now();
  const answer = await worker.call(name, event);
  const callerMs = performance.now() - startedAt;
  if (answer.status !== 200)
    throw new Error(`${name} answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  const terminal = () =>
    worker.eventsOf(answer.invocationId).find(({ status }) => isTerminal(status.phase))?.status;
  await waitFor(() => terminal() !== undefined, patienceMs);
  const status = terminal();
  if (status?.phasesMs === undefined || status.totalMs === undefined)
    throw new Error('no phases in the event');
  return { phasesMs: status.phasesMs, totalMs: status.totalMs, callerMs };
}

const warmCount = (worker: TestWorker): number =>
  Object.values(worker.worker.status().warm).reduce((sum, count) => sum + count, 0);

function progress(what: string): void {
  process.stderr.write(`bench invocation: ${what}\n`);
}

async function measureCold(worker: TestWorker): Promise<{ cold: Timed[]; bare: number[] }> {
  await worker.apply(agents);
  await waitFor(() => warmCount(worker) === 1, patienceMs);
  using bare = prepareBareRun(runscPath, join(worker.directory, 'run'), worker.directory);
  const cold: Timed[] = [];
  const bareMs: number[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const invoked = await invoke(worker, 'cold');
    // Clearing away is off the hot path; it must not run into the bare run either.
    await worker.worker.settled();
    const run = await bare.once();
    if (round < 0) continue;
    cold.push(invoked);
    bareMs.push(run);
  }
  return { cold, bare: bareMs };
}

async function measureWarm(worker: TestWorker, mode: keyof typeof warmAgents): Promise<Timed[]> {
  progress(`${rounds} invocations of a warm pool: ${mode}`);
  await worker.apply([warmAgents[mode]]);
  const times: Timed[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    await worker.worker.settled();
    await waitFor(() => warmCount(worker) === 1, patienceMs);
    const invoked = await invoke(worker, mode);
    const made = worker.spans.getFinishedSpans().findLast(({ name }) => name === 'sandbox.invoke');
    if (made?.attributes['clrk.sandbox.warm'] !== true) throw new Error('a warm invocation made a sandbox');
    if (round >= 0) times.push(invoked);
  }
  return times;
}

export async function run(): Promise<BenchResult> {
  installPackages({ busybox: 'busybox-static' });
  const busybox = findBusybox();
  if (busybox === undefined) throw new Error('this bench needs busybox: apt-get install busybox-static');
  if (!existsSync(runscPath)) throw new Error(`this bench needs runsc at ${runscPath}: npm start builds it`);
  await using worker = await TestWorker.open([]);
  copyFileSync(busybox, join(worker.directory, 'rootfs/bin/busybox'));
  progress(`${rounds} cold invocations and bare runs in turn`);
  const { cold, bare } = await measureCold(worker);
  const created = await measureWarm(worker, 'created');
  const started = await measureWarm(worker, 'started');
  const resident = await measureWarm(worker, 'resident');
  const snapshot = await measureWarm(worker, 'snapshot');
  if (worker.errors.length > 0) throw new Error(`the worker reported: ${String(worker.errors[0])}`);
  return {
    name: 'invocation',
    ratios: {
      'cold/bare': median(cold.map(firstByteMs)) / median(bare),
      'created/bare': median(created.map(firstByteMs)) / median(bare),
      'started/bare': median(started.map(firstByteMs)) / median(bare),
      'snapshot/bare': median(snapshot.map(firstByteMs)) / median(bare),
      'snapshot/cold': median(snapshot.map(firstByteMs)) / median(cold.map(firstByteMs)),
      created_p50_ms: median(created.map(firstByteMs)),
      started_p50_ms: median(started.map(firstByteMs)),
      resident_p50_ms: median(resident.map(firstByteMs)),
      phase_gap_ms: Math.max(...[...cold, ...created, ...started, ...resident, ...snapshot].map(gapMs)),
    },
    rows: [
      ...Object.entries({ cold, created, started, resident, snapshot }).flatMap(([kind, times]) => [
        ...phaseRows(kind, times),
        plainRow(
          kind,
          'as the caller saw it',
          times.map(({ callerMs }) => callerMs),
        ),
      ]),
      plainRow('bare runsc run', 'to first byte', bare),
    ].map((row) => ({ ...row })),
    notMeasured: [
      'snapshot of an agent that boots slowly (of this one the boot is next to nothing)',
      'the agent’s own time in started and resident: it is in firstByte (resident: two programs a run)',
    ],
  };
}
