/** What can be followed: logs, spans, calls. Each says what is new by number, and fetches it. */
import { agentId, agentKinds } from '../../contract/index.ts';
import type { Store } from '../store/store.ts';
import { fetchCalls, listCalls, type KeptCall } from './call-list.ts';
import { newCalls, type CallKey, type CallScope } from './call-query.ts';
import { parseCallToken, parseRecordToken, renderCallToken, renderRecordToken } from './page-token.ts';
import { fetchRecords, listRecords } from './record-list.ts';
import { newIds, type RecordKey, type RecordScope } from './record-query.ts';
import type { ReadFilter, ReadRequest } from './read-request.ts';

type Reader = Pick<Store, 'query'>;

export interface Page<K> {
  /** In the order they are given in. */
  readonly keys: readonly K[];
  readonly objects: AsyncIterable<object>;
  /** Token of the page behind it. */
  readonly next?: string;
}

export interface Followed<K extends { readonly ingestId: string }> {
  /** In order of their numbers. */
  newKeys(afterId: string, limit: number): Promise<readonly K[]>;
  /** In the order in which they are to be given. */
  fetch(keys: readonly K[]): AsyncIterable<object>;
  /** What was there before: as a plain read gives it. */
  page(): Promise<Page<{ readonly ingestId?: string }>>;
}

function byTime(a: RecordKey, b: RecordKey): number {
  const difference = BigInt(a.nanos) - BigInt(b.nanos) || BigInt(a.ingestId) - BigInt(b.ingestId);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function followRecords(store: Reader, scope: RecordScope): Followed<RecordKey> {
  return {
    newKeys: (afterId, limit) => {
      const { sql, params } = newIds(scope, afterId, limit);
      return store.query<RecordKey>(sql, params);
    },
    fetch: (keys) => fetchRecords(store, scope, keys.toSorted(byTime)),
    page: async () => {
      const token = scope.filter.continue;
      const { keys, next } = await listRecords(
        store,
        scope,
        token === undefined ? undefined : parseRecordToken(token),
      );
      const objects = fetchRecords(store, scope, keys);
      return { keys, objects, ...(next === undefined ? {} : { next: renderRecordToken(next) }) };
    },
  };
}

export type NewCall = CallKey & { readonly ingestId: string; readonly seq: string };

/** A key with a `seq` is of a call that had not ended. */
export function keyOf({ createdMs, id, agent, phase, seq }: NewCall): CallKey {
  const key = { createdMs, id, agent, phase };
  return seq === '' ? key : { ...key, seq };
}

async function* each(calls: Promise<readonly KeptCall[]>): AsyncGenerator<object> {
  for (const { object } of await calls) yield object as object;
}

function followCalls(store: Reader, scope: CallScope, filter: ReadFilter): Followed<NewCall> {
  const { phases, sinceMs, untilMs, limit } = filter;
  return {
    newKeys: (afterId, most) => {
      const { sql, params } = newCalls(scope, phases, afterId, most);
      return store.query<NewCall>(sql, params);
    },
    fetch: (keys) => each(fetchCalls(store, scope, keys.map(keyOf))),
    page: async () => {
      const before = filter.continue === undefined ? {} : { before: parseCallToken(filter.continue) };
      const range = {
        ...before,
        ...(sinceMs === undefined ? {} : { sinceMs }),
        ...(untilMs === undefined ? {} : { untilMs }),
      };
      const { calls, next } = await listCalls(store, { scope, phases, range, limit });
      // Newest first for a list; a follower reads on below, so the newest comes last.
      const ordered = filter.follow ? calls.toReversed() : calls;
      return {
        keys: [],
        objects: each(Promise.resolve(ordered)),
        ...(next === undefined ? {} : { next: renderCallToken(next) }),
      };
    },
  };
}

/** Ids are scoped to an agent: the same one may name a call of each. */
const maxCallsOfOneId = 10;
const noFilter: ReadFilter = { components: [], phases: [], limit: maxCallsOfOneId, follow: false };

export function followedOf(store: Reader, request: ReadRequest): Followed<{ readonly ingestId: string }> {
  switch (request.what) {
    case 'logs':
    case 'traces':
      return followRecords(store, {
        kind: request.what,
        agent: agentId(request.agent),
        filter: request.filter,
      });
    case 'agentInvocations': {
      const { kind, namespace, name } = request.agent;
      const id = request.filter.invocation;
      const scope = { namespace, kinds: [kind], name, ...(id === undefined ? {} : { id }) };
      return followCalls(store, scope, request.filter);
    }
    case 'invocations': {
      const { namespace, filter } = request;
      const scope = {
        namespace,
        kinds: agentKinds,
        ...(filter.agent === undefined ? {} : { name: filter.agent }),
      };
      return followCalls(store, scope, filter);
    }
    case 'invocation': {
      const { namespace, id } = request;
      return followCalls(store, { namespace, kinds: agentKinds, id }, noFilter);
    }
  }
}
