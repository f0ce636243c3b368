/**
 * Which gateways a route is attached to. The same answer feeds the route's status, the gateway's attachedRoutes and
 * what the gateway opens, so that a route that says Accepted is a route that works, and a refused one opens nothing.
 * A route of another namespace attaches only when a listener's allowedRoutes says so (default: Same), as in the
 * Gateway API: opening a gateway is its owner's decision.
 */
import { attachParent, type ParentVerdict } from '../../contract/index.ts';
import { kinds, type EgressGateway, type ParentRef, type Route } from '../kind.ts';
import type { Kind, World } from '../runtime/index.ts';
import { byAge, isLive } from './order.ts';

type Listener = EgressGateway['spec']['listeners'][number];

export type Attachment = ParentVerdict<EgressGateway>;

/** As `clrk validate` judges it (contract/attachment.ts); a gateway on its way out takes no routes. */
export function attach(world: World, route: Route, parent: ParentRef): Attachment {
  const { namespace } = route.metadata;
  const lookup = {
    gateway: (place: string, name: string) => {
      const gateway = world.get(kinds.egressGateway, place, name);
      return gateway !== undefined && isLive(gateway) ? gateway : undefined;
    },
    namespaceLabels: (name: string) => world.get(kinds.namespace, undefined, name)?.metadata.labels,
  };
  return attachParent(lookup, { kind: route.kind ?? '', namespace }, parent);
}

export interface AttachedRoute<T extends Route> {
  readonly route: T;
  readonly listeners: readonly Listener[];
  /** Every accepted parentRef names a listener or port. */
  readonly narrowed: boolean;
}

/** Cheap, and right or too generous: of a thousand routes a handful is for one gateway. */
function mayNameGateway(route: Route, { metadata }: EgressGateway): boolean {
  return route.spec.parentRefs.some(
    ({ name, namespace = route.metadata.namespace }) =>
      name === metadata.name && namespace === metadata.namespace,
  );
}

/** The routes of one kind that are attached to this gateway, oldest first, each once. */
export function attachedRoutes<T extends Route>(
  world: World,
  gateway: EgressGateway,
  kind: Kind<T>,
): AttachedRoute<T>[] {
  const candidates = world.list(kind).filter((route) => mayNameGateway(route, gateway) && isLive(route));
  return byAge(candidates).flatMap((listed) => {
    // Lists of the API server leave the kind out, and allowedRoutes.kinds asks for it.
    const route = { ...listed, kind: kind.kind };
    const accepted = route.spec.parentRefs
      .map((parent) => attach(world, route, parent))
      .filter((attachment) => attachment.attached)
      .filter((attachment) => sameObject(attachment.gateway, gateway));
    if (accepted.length === 0) return [];
    const listeners = [...new Set(accepted.flatMap((attachment) => attachment.listeners))];
    return [{ route, listeners, narrowed: accepted.every((attachment) => attachment.narrowed) }];
  });
}

function sameObject(a: EgressGateway, b: EgressGateway): boolean {
  return a.metadata.namespace === b.metadata.namespace && a.metadata.name === b.metadata.name;
}
