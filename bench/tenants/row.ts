/** One row of the table: the honest tenant alone, then beside the hostile one that has filled what they share. */
import { median, percentile, round } from '../statistics.ts';
import type { Cell } from '../result.ts';
import { Actor } from './actor.ts';
import type { SharedThing, Tally } from './shared-thing.ts';

const warmUpMs = 300;
const sampleMs = 1_500;
/** Between two calls of the honest tenant. */
const pauseMs = 2;
/** Whoever has no answer by then is counted as refused. */
const patienceMs = 3_000;

export interface Samples {
  readonly ms: readonly number[];
  readonly refused: number;
}

export interface RowFigures {
  readonly cells: Readonly<Record<string, Cell>>;
  readonly p99Alone: number;
  readonly p99Beside: number;
  readonly honestRefused: number;
}

async function inTime(call: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), patienceMs)));
  const done = call.then(
    () => true,
    () => false,
  );
  const isDone = await Promise.race([done, late]);
  clearTimeout(timer);
  return isDone;
}

async function sample(call: () => Promise<void>, forMs: number): Promise<Samples> {
  const ms: number[] = [];
  let refused = 0;
  for (const until = performance.now() + forMs; performance.now() < until;) {
    const startedMs = performance.now();
    if (await inTime(call())) ms.push(performance.now() - startedMs);
    else refused += 1;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return { ms, refused };
}

export async function measureRow(index: number, thing: SharedThing): Promise<RowFigures> {
  await using part = new Actor([String(index), 'part'], 'part');
  const place = (await part.says('place')) as Parameters<SharedThing['honest']>[0];
  await using honest = await thing.honest(place);
  const { call } = honest;
  await sample(call, warmUpMs);
  const alone = await sample(call, sampleMs);
  await using hostile = new Actor([String(index), 'hostile', JSON.stringify(place)], 'hostile');
  await hostile.says('full');
  const beside = await sample(call, sampleMs);
  hostile.stop();
  const { letIn, refused } = (await hostile.says('tally')) as Tally;
  const p99Alone = percentile(alone.ms, 0.99);
  const p99Beside = percentile(beside.ms, 0.99);
  return {
    p99Alone,
    p99Beside,
    honestRefused: beside.refused,
    cells: {
      shared: `${thing.role}: ${thing.name}`,
      hostile: thing.hostile,
      let_in: letIn,
      refused,
      honest_calls: alone.ms.length + beside.ms.length,
      honest_refused: alone.refused + beside.refused,
      p50_alone_ms: round(median(alone.ms), 1),
      p50_beside_ms: round(median(beside.ms), 1),
      p99_alone_ms: round(p99Alone, 1),
      p99_beside_ms: round(p99Beside, 1),
    },
  };
}
