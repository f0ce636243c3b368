/**
 * A watch of invocations: what is there (where that is asked for), then what becomes known, found by polling as every
 * follower finds it. It goes on from any version of the last hour, told again at most what became visible in the seconds
 * before that version, and nothing is left out.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../store/store.ts';
import { storeNow } from '../store/store-clock.ts';
import { fetchCalls, type KeptCall } from '../read/call-list.ts';
import { newCalls, type CallScope } from '../read/call-query.ts';
import { keyOf, type NewCall } from '../read/followed.ts';
import { parseListToken } from '../read/page-token.ts';
import { msOfId, SeenIds } from '../read/seen-ids.ts';
import type { Invocation } from '../../contract/index.ts';
import { CallTeller, type Change, type ChangeType } from './call-teller.ts';
import { listInvocations, scopeOf } from './invocation-list.ts';
import { maxPage, type ListOptions, type WatchOptions } from './list-options.ts';

type Reader = Pick<Store, 'query'>;

export type WatchEvent =
  | { readonly type: ChangeType; readonly call: KeptCall }
  | { readonly type: 'BOOKMARK'; readonly version: string; readonly isInitialEnd: boolean };

export interface WatchRequest {
  readonly store: Reader;
  /** Absent: of all. */
  readonly namespace?: string;
  readonly options: WatchOptions;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
  readonly bookmarkMs?: number;
}

const newAtOnce = 1_000;
const defaultBookmarkMs = 60_000;

/** As the teller names calls: by what they are within the scope. */
function nameIn(scope: CallScope, object: unknown): { readonly agent: string; readonly id: string } {
  const { metadata, spec } = object as Invocation;
  const agent = `${spec.parentRef.kind}/${spec.parentRef.name}`;
  return {
    agent: scope.namespace === undefined ? `${metadata.namespace}/${agent}` : agent,
    id: metadata.name,
  };
}

async function* initial(
  request: WatchRequest,
  scope: CallScope,
  teller: CallTeller,
): AsyncGenerator<WatchEvent> {
  const { store, namespace, options } = request;
  let page: ListOptions = { selection: options.selection, limit: maxPage };
  for (;;) {
    const { calls, continue: token } = await listInvocations(store, namespace, page);
    for (const call of calls) {
      teller.gave(nameIn(scope, call.object), (call.object as Invocation).status.phase);
      yield { type: 'ADDED', call };
    }
    if (token === undefined || request.signal.aborted) return;
    page = { ...page, continue: parseListToken(token) };
  }
}

/** In the order of their numbers. */
async function* told(
  store: Reader,
  scope: CallScope,
  changes: readonly Change[],
): AsyncGenerator<WatchEvent> {
  const ofKey = new Map(changes.map(({ key, type }) => [keyOf(key), { key, type }]));
  for (const { key, object } of await fetchCalls(store, scope, [...ofKey.keys()])) {
    const change = ofKey.get(key);
    // The number of the change itself: the row may be there twice.
    if (change !== undefined) yield { type: change.type, call: { object, ingestId: change.key.ingestId } };
  }
}

async function* poll(
  request: WatchRequest,
  scope: CallScope,
  { seen, teller }: { readonly seen: SeenIds; readonly teller: CallTeller },
): AsyncGenerator<WatchEvent> {
  const { store, signal } = request;
  for (;;) {
    const limit = seen.size + newAtOnce;
    // All phases, whatever is selected: one that leaves the selection is told, too.
    const { sql, params } = newCalls(scope, [], String(seen.floor), limit);
    const keys = await store.query<NewCall>(sql, params);
    const fresh = keys.filter((key) => seen.add(BigInt(key.ingestId)));
    yield* told(store, scope, teller.changes(fresh));
    seen.settle();
    if (keys.length < limit || signal.aborted) return;
  }
}

/** What was told so far is behind it; only where it was asked for. */
class Bookmarks {
  readonly #everyMs: number;
  readonly #store: Reader;
  #at: number;

  constructor({ store, options, bookmarkMs = defaultBookmarkMs }: WatchRequest) {
    this.#everyMs = options.bookmarks ? bookmarkMs : Infinity;
    this.#store = store;
    this.#at = performance.now() + this.#everyMs;
  }

  /** To be asked before a poll and told after it. */
  async due(): Promise<string | undefined> {
    if (performance.now() < this.#at) return undefined;
    this.#at = performance.now() + this.#everyMs;
    return (await storeNow(this.#store)).id;
  }
}

export async function* watchInvocations(request: WatchRequest): AsyncGenerator<WatchEvent> {
  const { store, namespace, options, signal, pollMs = 1_000 } = request;
  const scope = scopeOf(namespace, options.selection);
  const start = options.after ?? (await storeNow(store)).id;
  const state = {
    seen: new SeenIds(BigInt(start)),
    teller: new CallTeller(options.selection, msOfId(BigInt(start))),
  };
  if (options.after === undefined && scope !== undefined) yield* initial(request, scope, state.teller);
  if (options.tellsInitialEnd) yield { type: 'BOOKMARK', version: start, isInitialEnd: true };
  const bookmarks = new Bookmarks(request);
  while (!signal.aborted) {
    const version = await bookmarks.due();
    if (scope !== undefined) yield* poll(request, scope, state);
    if (version !== undefined) yield { type: 'BOOKMARK', version, isInitialEnd: false };
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
}
