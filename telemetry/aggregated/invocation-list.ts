/** A page of invocations as the aggregated API gives it: the calls, the version to watch from, where to go on. */
import type { Store } from '../store/store.ts';
import { storeNow } from '../store/store-clock.ts';
import { listCalls, type KeptCall } from '../read/call-list.ts';
import type { CallRange, CallScope } from '../read/call-query.ts';
import { renderListToken } from '../read/page-token.ts';
import type { ListOptions } from './list-options.ts';
import type { Selection } from './selector.ts';

type Reader = Pick<Store, 'query'>;

/** As the original lists at most; the newest. */
export const maxListed = 10_000;

export interface InvocationPage {
  readonly calls: readonly KeptCall[];
  readonly version: string;
  readonly continue?: string;
  /** There is more, and this list does not go on to it. */
  readonly isCut: boolean;
}

/** Undefined: nothing is like that. `namespace`: of the path, and it wins. */
export function scopeOf(namespace: string | undefined, selection: Selection): CallScope | undefined {
  const { nothing, kinds, agent, id } = selection;
  const wanted = namespace ?? selection.namespace;
  if (nothing === true || wanted !== (selection.namespace ?? wanted)) return undefined;
  return {
    ...(wanted === undefined ? {} : { namespace: wanted }),
    kinds,
    ...(agent === undefined ? {} : { name: agent }),
    ...(id === undefined ? {} : { id }),
  };
}

export function rangeOf({ sinceMs, untilMs }: Selection): CallRange {
  return { ...(sinceMs === undefined ? {} : { sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) };
}

export async function listInvocations(
  store: Reader,
  namespace: string | undefined,
  options: ListOptions,
): Promise<InvocationPage> {
  const { selection, limit } = options;
  const position = options.continue;
  // Before the first page is read: what comes in between is told twice to who watches from there, never not at all.
  const version = position?.version ?? (await storeNow(store)).id;
  const scope = scopeOf(namespace, selection);
  if (scope === undefined) return { calls: [], version, isCut: false };
  const range = { ...rangeOf(selection), ...(position === undefined ? {} : { before: position.call }) };
  const listed = position?.listed ?? 0;
  const most = Math.min(limit, maxListed - listed);
  if (most <= 0) return { calls: [], version, isCut: true };
  const page = await listCalls(store, { scope, phases: selection.phases, range, limit: most });
  const total = listed + page.calls.length;
  if (page.next === undefined) return { calls: page.calls, version, isCut: false };
  if (total >= maxListed) return { calls: page.calls, version, isCut: true };
  const token = renderListToken({ call: page.next, version, listed: total });
  return { calls: page.calls, version, continue: token, isCut: false };
}
