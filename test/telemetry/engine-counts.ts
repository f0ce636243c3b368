/**
 * What the engine itself says it read for something: rows, bytes, parts. Unlike times the same on every machine, however
 * busy, so that a test can bound it. Counts of the whole engine: nothing else may be under way.
 */
import type { Store } from '../../telemetry/store/store.ts';

export interface EngineCounts {
  readonly rows: number;
  readonly bytes: number;
  readonly parts: number;
}

const events: Readonly<Record<keyof EngineCounts, string>> = {
  rows: 'SelectedRows',
  bytes: 'SelectedBytes',
  parts: 'SelectedParts',
};

type Reader = Pick<Store, 'query'>;

async function countsNow(store: Reader): Promise<EngineCounts> {
  const rows = await store.query<{ event: string; value: string }>('SELECT event, value FROM system.events');
  const found = new Map(rows.map(({ event, value }) => [event, Number(value)]));
  const of = (key: keyof EngineCounts): number => found.get(events[key]) ?? 0;
  return { rows: of('rows'), bytes: of('bytes'), parts: of('parts') };
}

function minus(a: EngineCounts, b: EngineCounts): EngineCounts {
  return {
    rows: Math.max(0, a.rows - b.rows),
    bytes: Math.max(0, a.bytes - b.bytes),
    parts: Math.max(0, a.parts - b.parts),
  };
}

export async function countReads<T>(
  store: Reader,
  ask: () => Promise<T>,
): Promise<{ readonly answer: T; readonly read: EngineCounts }> {
  const first = await countsNow(store);
  const before = await countsNow(store);
  const answer = await ask();
  const after = await countsNow(store);
  // To ask what was read is a read, too.
  return { answer, read: minus(minus(after, before), minus(before, first)) };
}
