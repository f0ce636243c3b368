/**
 * Which gateways a route is attached to. The same answer feeds the route's status, the gateway's attachedRoutes and
 * what the gateway opens, so that a route that says Accepted is a route that works, and a refused one opens nothing.
 * A route of another namespace attaches only when a listener's allowedRoutes says so (default: Same), as in the
 * Gateway API: opening a gateway is its owner's decision.
 */
import { matchesSelector } from '../../contract/index.ts';
import { apiGroup, kinds, type EgressGateway, type ParentRef, type Route } from '../kind.ts';
import type { Kind, World } from '../runtime/index.ts';
import { byAge, isLive } from './order.ts';

type Listener = EgressGateway['spec']['listeners'][number];

export type Attachment =
  | {
      readonly attached: true;
      readonly gateway: EgressGateway;
      /** Listeners of the gateway that take this route. */
      readonly listeners: readonly Listener[];
      /** The parentRef names a listener or port, so the route is for its ports only. */
      readonly narrowed: boolean;
    }
  | {
      readonly attached: false;
      readonly reason: 'NoMatchingParent' | 'InvalidKind' | 'NotAllowedByListeners';
      readonly message: string;
    };

export function attach(world: World, route: Route, parent: ParentRef): Attachment {
  const namespace = parent.namespace ?? route.metadata.namespace;
  if (!namesGateway(parent)) {
    return refused('InvalidKind', `parent ${parent.kind ?? ''} is not an EgressGateway`);
  }
  const gateway = world.get(kinds.egressGateway, namespace, parent.name);
  if (gateway === undefined || !isLive(gateway)) {
    return refused('NoMatchingParent', `EgressGateway ${namespace}/${parent.name} does not exist`);
  }
  const named = gateway.spec.listeners.filter(
    (listener) =>
      (parent.sectionName === undefined || listener.name === parent.sectionName) &&
      (parent.port === undefined || listener.port === parent.port),
  );
  if (named.length === 0) {
    const listener = parent.sectionName ?? String(parent.port);
    return refused(
      'NoMatchingParent',
      `EgressGateway ${namespace}/${parent.name} has no listener ${listener}`,
    );
  }
  const allowing = named.filter((listener) => allows(world, gateway, listener, route));
  if (allowing.length === 0) {
    const owner = `EgressGateway ${namespace}/${parent.name}`;
    return refused('NotAllowedByListeners', `no listener of ${owner} allows this route (allowedRoutes)`);
  }
  const narrowed = parent.sectionName !== undefined || parent.port !== undefined;
  return { attached: true, gateway, listeners: allowing, narrowed };
}

function namesGateway({ group = apiGroup, kind = 'EgressGateway' }: ParentRef): boolean {
  return group === apiGroup && kind === 'EgressGateway';
}

function refused(
  reason: 'NoMatchingParent' | 'InvalidKind' | 'NotAllowedByListeners',
  message: string,
): Attachment {
  return { attached: false, reason, message };
}

function allows(world: World, gateway: EgressGateway, listener: Listener, route: Route): boolean {
  const allowed = listener.allowedRoutes;
  const allowedKinds = allowed?.kinds ?? [];
  const kindMatches =
    allowedKinds.length === 0 ||
    allowedKinds.some((each) => (each.group ?? apiGroup) === apiGroup && each.kind === route.kind);
  return kindMatches && allowsNamespace(world, gateway, allowed?.namespaces, route.metadata.namespace);
}

type AllowedNamespaces = NonNullable<Listener['allowedRoutes']>['namespaces'];

function allowsNamespace(
  world: World,
  gateway: EgressGateway,
  allowed: AllowedNamespaces,
  namespace: string,
): boolean {
  const from = allowed?.from ?? 'Same';
  if (from === 'All') return true;
  if (from === 'Same') return namespace === gateway.metadata.namespace;
  const labels = world.get(kinds.namespace, undefined, namespace)?.metadata.labels;
  return from === 'Selector' && labels !== undefined && matchesSelector(allowed?.selector ?? {}, labels);
}

export interface AttachedRoute<T extends Route> {
  readonly route: T;
  readonly listeners: readonly Listener[];
  /** Every accepted parentRef names a listener or port. */
  readonly narrowed: boolean;
}

/** The routes of a kind, each with its kind: lists of the API server leave it out, and allowedRoutes.kinds asks for it. */
export function attachable<T extends object>(world: World, kind: Kind<T>): readonly T[] {
  return world.list(kind).map((route) => ({ ...route, kind: kind.kind }));
}

/** The routes of one kind that are attached to this gateway, oldest first, each once. */
export function attachedRoutes<T extends Route>(
  world: World,
  gateway: EgressGateway,
  routes: readonly T[],
): AttachedRoute<T>[] {
  return byAge(routes.filter(isLive)).flatMap((route) => {
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
