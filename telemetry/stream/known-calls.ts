/**
 * Which events the store may have already: those delivered before, whose batch may have been cut differently, and those of
 * calls older than JetStream remembers message ids for. Only these are asked about; all others JetStream itself vouches
 * for. So every call has one row of its end, and no read need merge.
 */
import { invocationStream } from '../../contract/index.ts';
import { tables } from '../schema/tables.ts';
import type { Store } from '../store/store.ts';
import type { Event } from './event-batch.ts';
import { hasEnded } from './event-row.ts';

function callOf(event: Event): string {
  const { metadata, spec } = event.invocation;
  return [metadata.namespace, spec.parentRef.kind, spec.parentRef.name, metadata.uid].join('/');
}

function isDoubtful(event: Event): boolean {
  return event.redelivered || event.takenMs - event.createdMs > invocationStream.duplicateWindowMs;
}

/** Within one batch the first end counts. */
function firstEnds(events: readonly Event[]): readonly Event[] {
  const ended = new Set<string>();
  return events.filter((event) => {
    if (!hasEnded(event.invocation)) return true;
    const call = callOf(event);
    if (ended.has(call)) return false;
    ended.add(call);
    return true;
  });
}

const endsOf = `SELECT DISTINCT concat(namespace, '/', agent_kind, '/', agent_name, '/', toString(id)) AS call
FROM ${tables.invocations}
WHERE namespace IN {namespaces: Array(String)} AND id IN {ids: Array(UUID)}`;

/** The events without those the store has. */
export async function withoutKnown(
  store: Pick<Store, 'query'>,
  events: readonly Event[],
): Promise<readonly Event[]> {
  const once = firstEnds(events);
  const doubtful = once.filter((event) => isDoubtful(event) && hasEnded(event.invocation));
  if (doubtful.length === 0) return once;
  const rows = await store.query<{ call: string }>(endsOf, {
    namespaces: [...new Set(doubtful.map(({ invocation }) => invocation.metadata.namespace))],
    ids: doubtful.map(({ invocation }) => invocation.metadata.uid),
  });
  const known = new Set(rows.map((row) => row.call));
  return once.filter((event) => !known.has(callOf(event)) || !doubtful.includes(event));
}
