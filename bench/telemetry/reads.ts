/**
 * What people and the platform ask of the store, as they ask it: through the read path's own functions, each of many
 * namespaces and agents in turn, with a control query of the engine's beside every one.
 */
import type { Phase } from '../../contract/index.ts';
import { followedOf } from '../../telemetry/read/followed.ts';
import { parseReadRequest } from '../../telemetry/read/read-request.ts';
import type { EmbeddedStore, Store } from '../../telemetry/store/store.ts';
import { cpuMs } from '../process-usage.ts';
import { overdueIn, toldLate } from '../../telemetry/stream/overdue.ts';
import { storeNow } from '../../telemetry/store/store-clock.ts';
import { countReads, type EngineCounts } from '../../test/telemetry/engine-counts.ts';
import type { Filled } from './fill.ts';
import { idAtMs } from '../../telemetry/read/seen-ids.ts';
import { median, percentile, round } from '../statistics.ts';

export interface ReadFigures {
  readonly name: string;
  readonly rows: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Of the engine and of this process, on average. */
  readonly cpuMs: number;
  /** What the engine says it read: the same on every machine, however busy. Means and the most of one round. */
  readonly readRows: number;
  readonly maxReadRows: number;
  readonly readKb: number;
  readonly parts: number;
  readonly controlP50Ms: number;
  readonly controlP95Ms: number;
}

interface Question {
  readonly name: string;
  readonly key: string;
  readonly ask: (round: number) => Promise<number>;
}

async function page(store: Store, path: string): Promise<number> {
  const { objects } = await followedOf(store, parseReadRequest(path)).page();
  let count = 0;
  for await (const _object of objects) count++;
  return count;
}

const namespace = (round: number): string => `ns-${[1, 2, 7, 40, 150][round % 5] ?? 1}`;
const agent = (round: number): string => `agent-${[1, 2, 9, 30][round % 4] ?? 1}`;
const dayMs = 24 * 3600 * 1000;

export function questions(
  store: Store,
  invocations: readonly string[],
  { lostAtMs }: Filled,
): readonly Question[] {
  const list = (round: number, filter = ''): string =>
    `/v1/namespaces/${namespace(round)}/invocations${filter}`;
  const ofAgent = (round: number, rest: string): string =>
    `/v1/namespaces/${namespace(round)}/taskagents/${agent(round)}/${rest}`;
  const phase = (round: number): Phase =>
    (['Failed', 'Timeout', 'Running', 'Rejected'] as const)[round % 4] ?? 'Failed';
  const since = (round: number): string => new Date(Date.now() - (round % 60) * dayMs).toISOString();
  const poll = async (path: string): Promise<number> => {
    const now = await storeNow(store);
    const after = String(BigInt(now.id) - idAtMs(10_000));
    return (await followedOf(store, parseReadRequest(path)).newKeys(after, 1_000)).length;
  };
  return [
    { name: 'get invocations, first page', key: 'list', ask: (n) => page(store, list(n)) },
    { name: '… of an agent', key: 'agent', ask: (n) => page(store, ofAgent(n, 'invocations')) },
    { name: '… of a phase', key: 'phase', ask: (n) => page(store, list(n, `?phase=${phase(n)}`)) },
    {
      name: '… of an agent and a phase',
      key: 'agent_phase',
      ask: (n) => page(store, ofAgent(n, `invocations?phase=${phase(n)}`)),
    },
    { name: '… until a day', key: 'time', ask: (n) => page(store, list(n, `?until=${since(n)}`)) },
    {
      name: 'get invocation by id',
      key: 'id',
      ask: (n) => page(store, `/v1/namespaces/ns-1/invocations/${invocations[n % invocations.length] ?? ''}`),
    },
    {
      name: 'a trace',
      key: 'trace',
      ask: (n) =>
        page(
          store,
          `/v1/namespaces/ns-1/taskagents/agent-1/traces?invocation=${invocations[n % invocations.length] ?? ''}`,
        ),
    },
    { name: 'spans of an agent, newest page', key: 'spans', ask: (n) => page(store, ofAgent(n, 'traces')) },
    { name: 'follow poll, spans', key: 'poll_spans', ask: (n) => poll(ofAgent(n, 'traces')) },
    { name: 'follow poll, invocations', key: 'poll_calls', ask: (n) => poll(list(n)) },
    {
      name: 'sweeper round',
      key: 'sweep',
      ask: async (n) => {
        const now = await storeNow(store);
        const untilMs = now.ms - 30_000 - n * 15_000;
        const lost = await overdueIn(store, { fromMs: untilMs - 15_000, untilMs }, 500);
        return (
          lost.length + (await toldLate(store, untilMs, String(BigInt(now.id) - idAtMs(60_000)), 500)).length
        );
      },
    },
    {
      name: '… that finds 500 lost',
      key: 'sweep_lost',
      ask: async () =>
        (await overdueIn(store, { fromMs: lostAtMs - 1, untilMs: lostAtMs + 15_000 }, 500)).length,
    },
  ];
}

async function timed(ask: () => Promise<number>): Promise<{ readonly ms: number; readonly rows: number }> {
  const startedMs = performance.now();
  const rows = await ask();
  return { ms: performance.now() - startedMs, rows };
}

/** About 10 ms of one core, whatever is stored. */
const control = 'SELECT sum(cityHash64(number)) AS n FROM numbers(3000000)';

export async function measureReads(
  store: EmbeddedStore,
  rounds: number,
  filled: Filled,
  say: (text: string) => void,
): Promise<{ readonly figures: readonly ReadFigures[]; readonly ratios: Readonly<Record<string, number>> }> {
  const found = await store.query<{ v: string }>(
    `SELECT DISTINCT InvocationId AS v FROM otel_traces WHERE Agent = 'TaskAgent/ns-1/agent-1' LIMIT 40`,
  );
  const cpuSeconds = (): number => {
    const own = process.cpuUsage();
    return cpuMs(store.engine.pid ?? 0) / 1000 + (own.user + own.system) / 1e6;
  };
  const figures: ReadFigures[] = [];
  const ratios: Record<string, number> = {};
  for (const question of questions(
    store,
    found.map((row) => row.v),
    filled,
  )) {
    await question.ask(0);
    const own: number[] = [];
    const controls: number[] = [];
    const reads: EngineCounts[] = [];
    let rows = 0;
    let cpuS = 0;
    for (let each = 0; each < rounds; each++) {
      controls.push((await timed(async () => (await store.query(control)).length)).ms);
      const { answer, read } = await countReads(store, async () => {
        const cpuBefore = cpuSeconds();
        const one = await timed(() => question.ask(each));
        cpuS += cpuSeconds() - cpuBefore;
        return one;
      });
      own.push(answer.ms);
      reads.push(read);
      rows = Math.max(rows, answer.rows);
    }
    const p95Ms = percentile(own, 0.95);
    const mean = (of: keyof EngineCounts): number => reads.reduce((sum, read) => sum + read[of], 0) / rounds;
    const figure: ReadFigures = {
      name: question.name,
      rows,
      p50Ms: round(median(own), 1),
      p95Ms: round(p95Ms, 1),
      cpuMs: round((cpuS * 1_000) / rounds, 1),
      readRows: Math.round(mean('rows')),
      maxReadRows: Math.max(...reads.map((read) => read.rows)),
      readKb: Math.round(mean('bytes') / 1024),
      parts: Math.round(mean('parts')),
      controlP50Ms: round(median(controls), 1),
      controlP95Ms: round(percentile(controls, 0.95), 1),
    };
    figures.push(figure);
    say(JSON.stringify(figure));
    ratios[`${question.key}_cpu_ms`] = (cpuS * 1_000) / rounds;
    ratios[`${question.key}_p95_ms`] = p95Ms;
    ratios[`${question.key}_read_rows`] = figure.readRows;
    ratios[`${question.key}/control`] = median(own) / median(controls);
  }
  return { figures, ratios };
}
