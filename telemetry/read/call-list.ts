/**
 * Lists of calls, newest first, a page at a time: those that have ended from their tables, and among what was said of
 * others lately those that have not. A page may be short, never wrong: it ends where it is no longer sure that nothing was
 * left out, and its position goes on from there.
 */
import { isTerminal, phases as allPhases, type Phase } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';
import {
  endedAmong,
  endedPage,
  objectsOf,
  progressPage,
  type CallKey,
  type CallRange,
  type CallScope,
  type ProgressKey,
  type Statement,
} from './call-query.ts';
import type { CallPosition } from './page-token.ts';

export interface CallRequest {
  readonly scope: CallScope;
  /** Empty: all. */
  readonly phases: readonly Phase[];
  readonly range: CallRange;
  readonly limit: number;
}

/** A call as it was said. */
export interface KeptCall {
  /** Invocation object. */
  readonly object: unknown;
  /** Of what was said: followers go on behind it. */
  readonly ingestId: string;
}

export interface CallPage {
  readonly calls: readonly KeptCall[];
  /** Where to go on; absent: there is no more. */
  readonly next?: CallPosition;
}

type Reader = Pick<Store, 'query'>;

/** A call is told of at most three times before it ends. */
const eventsPerCall = 3;
/** Looking for open calls among many that ended: this often before the reader is asked to come again. */
const maxRounds = 8;

const ask = async <T>(store: Reader, { sql, params }: Statement): Promise<T[]> => store.query<T>(sql, params);
const callOf = ({ agent, id }: Pick<CallKey, 'agent' | 'id'>): string => `${agent}/${id}`;
const positionOf = ({ createdMs, id, agent }: CallKey): CallPosition => ({
  createdMs: Number(createdMs),
  id,
  agent,
});

const compareText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Newest first, as the statements order. */
function compare(a: CallPosition, b: CallPosition): number {
  return b.createdMs - a.createdMs || compareText(b.id, a.id) || compareText(b.agent, a.agent);
}

function distinct<T extends CallKey>(keys: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return keys.filter((each) => !seen.has(callOf(each)) && seen.add(callOf(each)));
}

/** The furthest a call has come; what was said last of it among equals. */
function furthest(keys: readonly ProgressKey[]): readonly ProgressKey[] {
  const rank = ({ phase }: ProgressKey): number => allPhases.indexOf(phase);
  const sorted = keys.toSorted((a, b) => rank(b) - rank(a) || Number(b.seq) - Number(a.seq));
  return distinct(sorted).toSorted((a, b) => compare(positionOf(a), positionOf(b)));
}

interface Part<T extends CallKey> {
  readonly keys: readonly T[];
  /** Behind this position the part says nothing. */
  readonly until?: CallPosition;
}

async function openPart(store: Reader, request: CallRequest): Promise<Part<ProgressKey>> {
  const { scope, range, limit } = request;
  const wanted = request.phases.filter((phase) => !isTerminal(phase));
  if (wanted.length === 0 && request.phases.length > 0) return { keys: [] };
  const maxRows = (limit + 1) * eventsPerCall;
  const rows = await ask<ProgressKey>(store, progressPage(scope, range, maxRows));
  if (rows.length === 0) return { keys: [] };
  const ids = [...new Set(rows.map((row) => row.id))];
  const since = Math.min(...rows.map((row) => Number(row.eventMs)));
  const ended = await ask<CallKey>(store, endedAmong(scope, ids, since));
  const gone = new Set(ended.map(callOf));
  const keys = furthest(rows).filter(
    (row) => !gone.has(callOf(row)) && (wanted.length === 0 || wanted.some((phase) => phase === row.phase)),
  );
  if (rows.length < maxRows) return { keys };
  // Of the last call more may have been said than was read: the page ends with the one above it.
  const calls = distinct(rows);
  const last = calls.at(-2) ?? calls.at(-1);
  return { keys, ...(last === undefined ? {} : { until: positionOf(last) }) };
}

const dayMs = 24 * 3600 * 1000;
/** Most pages are filled by the last days, and most others by some weeks: weeks are partitions, and those before are not opened. */
const reachesMs = [7 * dayMs, 35 * dayMs];

/** A range as stretches behind one another, the newest first. */
function nearestFirst(range: CallRange): readonly CallRange[] {
  const { sinceMs = 0, untilMs, before } = range;
  // A call may say that it was made up to a day ahead.
  const end = Math.min(before?.createdMs ?? Infinity, untilMs ?? Infinity, Date.now() + dayMs);
  const edges = reachesMs.map((reachMs) => end - reachMs).filter((edge) => edge > sinceMs);
  return [...edges, undefined].map((edge, n) => {
    const until = edges[n - 1];
    return {
      ...range,
      ...(edge === undefined ? {} : { sinceMs: edge }),
      ...(until === undefined ? {} : { untilMs: until }),
    };
  });
}

async function endedPart(store: Reader, request: CallRequest): Promise<Part<CallKey>> {
  const { scope, range, limit } = request;
  const read = (within: CallRange, most: number): Promise<CallKey[]> =>
    ask<CallKey>(store, endedPage(scope, request.phases, within, most));
  const rows: CallKey[] = [];
  const ranges = scope.id === undefined ? nearestFirst(range) : [range];
  for (const within of ranges) {
    rows.push(...(await read(within, limit + 1 - rows.length)));
    if (rows.length > limit) break;
  }
  const last = rows.length > limit ? rows.at(-1) : undefined;
  return { keys: distinct(rows), ...(last === undefined ? {} : { until: positionOf(last) }) };
}

/** The nearer of the positions behind which nothing is known. */
function nearest(...positions: ReadonlyArray<CallPosition | undefined>): CallPosition | undefined {
  return positions.filter((each) => each !== undefined).toSorted(compare)[0];
}

/** What was said with these keys, in their order. */
export async function fetchCalls<K extends CallKey>(
  store: Reader,
  scope: CallScope,
  keys: readonly K[],
): Promise<ReadonlyArray<KeptCall & { readonly key: K }>> {
  const ended = keys.filter((each) => !('seq' in each));
  const open = keys.filter((each) => 'seq' in each);
  const found = new Map<string, CallRow>();
  for (const [table, part] of [
    ['ended', ended],
    ['progress', open],
  ] as const) {
    if (part.length === 0) continue;
    const rows = await ask<CallRow>(store, objectsOf(table, scope, part));
    for (const row of rows) found.set(`${callOf(row)}/${row.phase}`, row);
  }
  return keys.flatMap((key) => {
    const row = found.get(`${callOf(key)}/${key.phase}`);
    if (row === undefined) return [];
    return [{ key, object: JSON.parse(row.object) as unknown, ingestId: row.ingestId }];
  });
}

type CallRow = CallKey & { readonly object: string; readonly ingestId: string };

async function onePage(store: Reader, request: CallRequest): Promise<CallPage> {
  const [open, ended] = await Promise.all([openPart(store, request), endedPart(store, request)]);
  const until = nearest(open.until, ended.until);
  const merged = [...open.keys, ...ended.keys].toSorted((a, b) => compare(positionOf(a), positionOf(b)));
  // A call that ended between the two questions is in both: its end is what counts.
  const endedCalls = new Set(ended.keys.map(callOf));
  const sure = merged.filter(
    (each) =>
      !('seq' in each && endedCalls.has(callOf(each))) &&
      (until === undefined || compare(positionOf(each), until) <= 0),
  );
  const kept = sure.slice(0, request.limit);
  const calls = await fetchCalls(store, request.scope, kept);
  const last = kept.at(-1);
  const isCut = sure.length > kept.length;
  const next = isCut && last !== undefined ? positionOf(last) : until;
  return { calls, ...(next === undefined ? {} : { next }) };
}

export async function listCalls(store: Reader, request: CallRequest): Promise<CallPage> {
  const calls: KeptCall[] = [];
  let before = request.range.before;
  for (let round = 0; round < maxRounds; round++) {
    const range = { ...request.range, ...(before === undefined ? {} : { before }) };
    const page = await onePage(store, { ...request, range, limit: request.limit - calls.length });
    calls.push(...page.calls);
    if (page.next === undefined) return { calls };
    before = page.next;
    if (calls.length >= request.limit) break;
  }
  return { calls, ...(before === undefined ? {} : { next: before }) };
}
