/**
 * The query of a list or a watch. Pure. A parameter that is not known is refused: it might have been a filter. Versions are
 * the store's own numbers of what became visible; from one that is too old, or not of this store, nobody can go on (410).
 */
import { ClrkError } from '../../contract/index.ts';
import { parseListToken, isUnsigned64, type ListPosition } from '../read/page-token.ts';
import { idAtMs, msOfId } from '../read/seen-ids.ts';
import { parseSelection, type Selection } from './selector.ts';

export interface ListOptions {
  readonly selection: Selection;
  readonly limit: number;
  readonly continue?: ListPosition;
}

export interface WatchOptions {
  readonly selection: Selection;
  /** Absent: what is there comes first. */
  readonly after?: string;
  /** The end of what was there is told by a bookmark. */
  readonly tellsInitialEnd: boolean;
  readonly bookmarks: boolean;
  readonly forMs: number;
}

/** As kubectl asks for; a client that asks for more is given this, and where to go on. */
export const maxPage = 500;
/** What was said before calls ended is kept for two days; a watch goes on from the last hour of it. */
export const resumeMs = 60 * 60 * 1000;
/** Clocks of the store and of this process. */
const clockSlackMs = 60_000;
const maxWatchMs = 60 * 60 * 1000;
const defaultWatchMs = 30 * 60 * 1000;

const shared = [
  'fieldSelector',
  'labelSelector',
  'resourceVersion',
  'resourceVersionMatch',
  'watch',
  'pretty',
  'includeObject',
];
const ofLists = [...shared, 'limit', 'continue', 'timeoutSeconds', 'allowWatchBookmarks'];
const ofWatches = [...shared, 'limit', 'timeoutSeconds', 'allowWatchBookmarks', 'sendInitialEvents'];
/** `timeout`: of the client itself. */
const anywhere = ['timeout'];

function bad(message: string): ClrkError {
  return new ClrkError('BAD_REQUEST', message);
}

function expired(message: string): ClrkError {
  return new ClrkError('RESUME_EXPIRED', message);
}

/** Throws BAD_REQUEST for what is not known or stands twice. */
export function checkParameters(query: URLSearchParams, known: readonly string[]): void {
  for (const key of query.keys()) {
    if (!known.includes(key) && !anywhere.includes(key)) throw bad(`unknown parameter ${key.slice(0, 40)}`);
    if (query.getAll(key).length > 1) throw bad(`parameter ${key} is given twice`);
  }
}

function parseCount(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw bad(`${key} must be a number`);
  return Number(text);
}

function parseFlag(query: URLSearchParams, key: string): boolean {
  const text = query.get(key);
  if (text === null || text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw bad(`${key} must be true or false`);
}

/** Undefined: none, or any. Throws RESUME_EXPIRED for what this store never numbered. */
function parseVersion(query: URLSearchParams, nowMs: number): string | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '' || text === '0') return undefined;
  if (!isUnsigned64(text)) throw bad('resourceVersion must be a number this API gave');
  if (BigInt(text) > idAtMs(nowMs + clockSlackMs)) throw expired('this resourceVersion was never given here');
  return text;
}

function selectionOf(query: URLSearchParams): Selection {
  return parseSelection(query.get('fieldSelector'), query.get('labelSelector'));
}

/** Lists are always of now, which is what all but an exact version allows. */
export function parseListOptions(query: URLSearchParams, nowMs: number): ListOptions {
  checkParameters(query, ofLists);
  const version = parseVersion(query, nowMs);
  const match = query.get('resourceVersionMatch') ?? '';
  if (match === 'Exact' && version !== undefined) throw expired('lists of the past are not kept');
  if (!['', 'Exact', 'NotOlderThan'].includes(match))
    throw bad('resourceVersionMatch must be Exact or NotOlderThan');
  const limit = parseCount(query, 'limit') ?? 0;
  const token = query.get('continue') ?? '';
  return {
    selection: selectionOf(query),
    limit: limit === 0 ? maxPage : Math.min(limit, maxPage),
    ...(token === '' ? {} : { continue: parseListToken(token) }),
  };
}

function parseInitial(query: URLSearchParams): boolean {
  const wanted = parseFlag(query, 'sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  if (wanted && match !== 'NotOlderThan')
    throw bad('sendInitialEvents goes with resourceVersionMatch=NotOlderThan');
  if (!wanted && match !== '') throw bad('resourceVersionMatch of a watch goes with sendInitialEvents');
  return wanted;
}

export function parseWatchOptions(query: URLSearchParams, nowMs: number): WatchOptions {
  checkParameters(query, ofWatches);
  const version = parseVersion(query, nowMs);
  const initial = parseInitial(query);
  if (!initial && version !== undefined && msOfId(BigInt(version)) < nowMs - resumeMs) {
    throw expired('too old resource version: what happened since is not told again');
  }
  const seconds = parseCount(query, 'timeoutSeconds') ?? 0;
  const bookmarks = parseFlag(query, 'allowWatchBookmarks');
  return {
    selection: selectionOf(query),
    ...(initial || version === undefined ? {} : { after: version }),
    tellsInitialEnd: initial && bookmarks,
    bookmarks,
    forMs: seconds === 0 ? defaultWatchMs : Math.min(seconds * 1000, maxWatchMs),
  };
}
