/**
 * What a follower has not seen yet, found by the numbers rows get as they become visible. Batches of several writers become
 * visible out of order by a little, so each poll looks back a few seconds and leaves out what was given; however much came
 * in between, all of it is given, page by page.
 */
import { storeNow } from '../store/store-clock.ts';
import type { Store } from '../store/store.ts';
import { followedOf, type Followed, type Page } from './followed.ts';
import type { ReadRequest } from './read-request.ts';
import { SeenIds } from './seen-ids.ts';

/** A poll asks for so many it has not seen at once. */
const newAtOnce = 1_000;

export interface FollowSource {
  /** What there was; undefined when the follower goes on behind a cursor. */
  readonly first: Page<unknown> | undefined;
  /** New objects since the last call. */
  next(): AsyncGenerator<object>;
}

type Reader = Pick<Store, 'query'>;

async function* poll(
  source: Followed<{ readonly ingestId: string }>,
  seen: SeenIds,
  signal: AbortSignal,
): AsyncGenerator<object> {
  for (;;) {
    const limit = seen.size + newAtOnce;
    const keys = await source.newKeys(String(seen.floor), limit);
    const fresh = keys.filter((key) => seen.add(BigInt(key.ingestId)));
    if (fresh.length > 0) yield* source.fetch(fresh);
    seen.settle();
    if (keys.length < limit || signal.aborted) return;
  }
}

export async function follow(
  store: Reader,
  request: ReadRequest,
  signal: AbortSignal,
): Promise<FollowSource> {
  const source = followedOf(store, request);
  const after = 'filter' in request ? request.filter.after : undefined;
  if (after !== undefined) {
    const seen = new SeenIds(BigInt(after));
    return { first: undefined, next: () => poll(source, seen, signal) };
  }
  const seen = new SeenIds(BigInt((await storeNow(store)).id));
  // All that is visible by now is not new, whether the first page holds it or is too short for it.
  for (let isMore = true; isMore && !signal.aborted;) {
    const limit = seen.size + newAtOnce;
    const keys = await source.newKeys(String(seen.floor), limit);
    isMore = keys.length === limit;
    for (const key of keys) seen.add(BigInt(key.ingestId));
    seen.settle();
  }
  const first = await source.page();
  for (const { ingestId } of first.keys) if (ingestId !== undefined) seen.add(BigInt(ingestId));
  return { first, next: () => poll(source, seen, signal) };
}
