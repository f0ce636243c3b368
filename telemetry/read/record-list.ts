/**
 * Logs and spans, a page at a time from the newest back, each page oldest first. Rows may be large, so they are fetched in
 * parts that halve when ClickHouse says that one holds too much; a row is never left out for its size without a word.
 */
import type { Store } from '../store/store.ts';
import type { RecordPosition } from './page-token.ts';
import { pageKeys, rowsOf, type RecordKey, type RecordScope } from './record-query.ts';
import { renderRecord, type RecordRow } from './record-row.ts';

export interface RecordPage {
  /** Oldest first. */
  readonly keys: readonly RecordKey[];
  /** Older ones are behind it; absent: there are none. */
  readonly next?: RecordPosition;
}

type Reader = Pick<Store, 'query'>;

/** Usual rows are a kilobyte or two; captured bodies make them a hundred times larger. */
const rowsAtOnce = 250;

function isTooMuch(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'TELEMETRY_TOO_BROAD';
}

function inOrder(keys: readonly RecordKey[], rows: readonly RecordRow[]): readonly RecordRow[] {
  const byId = new Map(rows.map((row) => [row.ingestId, row]));
  return keys.flatMap(({ ingestId }) => byId.get(ingestId) ?? []);
}

/** In the order of the keys. */
export async function* fetchRecords(
  store: Reader,
  scope: RecordScope,
  keys: readonly RecordKey[],
): AsyncGenerator<object> {
  let atOnce = rowsAtOnce;
  for (let start = 0; start < keys.length;) {
    const part = keys.slice(start, start + atOnce);
    const { sql, params } = rowsOf(scope, part);
    try {
      const rows = await store.query<RecordRow>(sql, params);
      yield* inOrder(part, rows).map((row) => renderRecord(scope.kind, row));
      start += part.length;
    } catch (error) {
      if (!isTooMuch(error) || part.length === 1) throw error;
      atOnce = Math.max(1, part.length >> 1);
    }
  }
}

const dayMs = 24 * 3600 * 1000;

/** The last day of what is asked for: days are partitions, and most pages are filled by one. */
function nearScope(scope: RecordScope, before: RecordPosition | undefined): RecordScope | undefined {
  const { sinceMs = 0, untilMs, invocation, trace } = scope.filter;
  // Few and anywhere: looked for everywhere at once.
  if (invocation !== undefined || trace !== undefined) return undefined;
  const behindMs = before === undefined ? Infinity : Number(BigInt(before.nanos) / 1_000_000n);
  const end = Math.min(behindMs, untilMs ?? Infinity, Date.now());
  return end - dayMs > sinceMs ? { ...scope, filter: { ...scope.filter, sinceMs: end - dayMs } } : undefined;
}

export async function listRecords(
  store: Reader,
  scope: RecordScope,
  before: RecordPosition | undefined,
): Promise<RecordPage> {
  const { limit } = scope.filter;
  const read = async (within: RecordScope): Promise<RecordKey[]> => {
    const { sql, params } = pageKeys(within, limit + 1, before);
    return store.query<RecordKey>(sql, params);
  };
  const near = nearScope(scope, before);
  const nearest = near === undefined ? [] : await read(near);
  const found = nearest.length > limit ? nearest : await read(scope);
  const keys = found.slice(0, limit);
  const last = keys.at(-1);
  const isCut = found.length > limit && last !== undefined;
  return { keys: keys.toReversed(), ...(isCut ? { next: last } : {}) };
}
