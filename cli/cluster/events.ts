/** Kubernetes Events of our objects: fetched, put in order, and said in a line each. */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Cluster } from './cluster.ts';
import { ownGroup } from './discovery.ts';
import { listAll } from './list-all.ts';

const optionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const eventSchema = Type.Object({
  metadata: Type.Object({
    namespace: Type.Optional(Type.String()),
    creationTimestamp: optionalText,
  }),
  regarding: Type.Optional(
    Type.Object({
      apiVersion: Type.Optional(Type.String()),
      kind: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
    }),
  ),
  type: Type.Optional(Type.String()),
  reason: Type.Optional(Type.String()),
  note: Type.Optional(Type.String()),
  eventTime: optionalText,
  deprecatedLastTimestamp: optionalText,
  deprecatedCount: Type.Optional(Type.Integer()),
  series: Type.Optional(
    Type.Union([
      Type.Object({ count: Type.Optional(Type.Integer()), lastObservedTime: optionalText }),
      Type.Null(),
    ]),
  ),
});
export type EventObject = Static<typeof eventSchema>;

/** When it was last seen. */
export function eventTime(event: EventObject): Date {
  const { series, eventTime: made, deprecatedLastTimestamp, metadata } = event;
  const text =
    series?.lastObservedTime ?? deprecatedLastTimestamp ?? made ?? metadata.creationTimestamp ?? '';
  return new Date(Date.parse(text) || 0);
}

export function eventCount({ series, deprecatedCount }: EventObject): number {
  return series?.count ?? deprecatedCount ?? 1;
}

interface EventScope {
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly kind?: string;
  readonly name?: string;
  readonly signal?: AbortSignal;
}

function isAbout(
  regarding: EventObject['regarding'],
  { kind, name }: { readonly kind: string | undefined; readonly name: string | undefined },
): boolean {
  if (regarding?.apiVersion?.startsWith(`${ownGroup}/`) !== true) return false;
  return [undefined, regarding.kind].includes(kind) && [undefined, regarding.name].includes(name);
}

/** The oldest first; of our kinds alone. */
export async function readEvents(
  cluster: Cluster,
  { namespace, kind, name, signal }: EventScope,
): Promise<{ readonly events: readonly EventObject[]; readonly isCut: boolean }> {
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const path = `/apis/events.k8s.io/v1${scope}/events`;
  const { objects, isCut } = await listAll(cluster, { path, ...(signal === undefined ? {} : { signal }) });
  const events = objects
    .flatMap((object): EventObject[] => (Value.Check(eventSchema, object) ? [object as EventObject] : []))
    .filter(({ regarding }) => isAbout(regarding, { kind, name }))
    .toSorted((a, b) => eventTime(a).getTime() - eventTime(b).getTime());
  return { events, isCut };
}
