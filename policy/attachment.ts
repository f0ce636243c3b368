/**
 * Which gateway, and which of its listeners, one parentRef of a route attaches to. As in the Gateway API, opening a
 * gateway is its owner's decision: a route of another namespace attaches only where a listener's allowedRoutes says so
 * (default: Same). Pure; what exists is asked of the caller, so that manifests and a cluster's cache get one answer.
 */
import { matchesSelector } from '../contract/index.ts';
import { apiGroup, type EgressGateway, type EgressL4Route } from '../api/index.ts';

export type GatewaySpec = EgressGateway['spec'];
export type GatewayListenerSpec = GatewaySpec['listeners'][number];
export type ParentRef = EgressL4Route['spec']['parentRefs'][number];

export interface AttachmentLookup<G> {
  readonly gateway: (namespace: string, name: string) => G | undefined;
  /** Undefined: the namespace is not known, and no selector matches it. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
}

export type ParentVerdict<G> =
  | {
      readonly attached: true;
      readonly gateway: G;
      /** Listeners of the gateway that take this route. */
      readonly listeners: readonly GatewayListenerSpec[];
      /** The parentRef names a listener or port, so the route is for its ports only. */
      readonly narrowed: boolean;
    }
  | {
      readonly attached: false;
      readonly reason: 'NoMatchingParent' | 'InvalidKind' | 'NotAllowedByListeners';
      readonly message: string;
    };

interface RouteName {
  readonly kind: string;
  readonly namespace: string;
}

export function attachParent<G extends { readonly spec: GatewaySpec }>(
  lookup: AttachmentLookup<G>,
  route: RouteName,
  parent: ParentRef,
): ParentVerdict<G> {
  const namespace = parent.namespace ?? route.namespace;
  if (!namesGateway(parent)) {
    return refused('InvalidKind', `parent ${parent.kind ?? ''} is not an EgressGateway`);
  }
  const owner = `EgressGateway ${namespace}/${parent.name}`;
  const gateway = lookup.gateway(namespace, parent.name);
  if (gateway === undefined) return refused('NoMatchingParent', `${owner} does not exist`);
  const named = gateway.spec.listeners.filter(
    (listener) =>
      (parent.sectionName === undefined || listener.name === parent.sectionName) &&
      (parent.port === undefined || listener.port === parent.port),
  );
  if (named.length === 0) {
    return refused(
      'NoMatchingParent',
      `${owner} has no listener ${parent.sectionName ?? String(parent.port)}`,
    );
  }
  const listeners = named.filter((listener) => allows(lookup, listener, route, namespace));
  if (listeners.length === 0) {
    return refused('NotAllowedByListeners', `no listener of ${owner} allows this route (allowedRoutes)`);
  }
  return {
    attached: true,
    gateway,
    listeners,
    narrowed: parent.sectionName !== undefined || parent.port !== undefined,
  };
}

function namesGateway({ group = apiGroup, kind = 'EgressGateway' }: ParentRef): boolean {
  return group === apiGroup && kind === 'EgressGateway';
}

function refused(
  reason: 'NoMatchingParent' | 'InvalidKind' | 'NotAllowedByListeners',
  message: string,
): { attached: false; reason: typeof reason; message: string } {
  return { attached: false, reason, message };
}

function allows<G>(
  lookup: AttachmentLookup<G>,
  { allowedRoutes }: GatewayListenerSpec,
  route: RouteName,
  gatewayNamespace: string,
): boolean {
  const kinds = allowedRoutes?.kinds ?? [];
  const takesKind =
    kinds.length === 0 ||
    kinds.some(({ group = apiGroup, kind }) => group === apiGroup && kind === route.kind);
  return (
    takesKind && allowsNamespace(lookup, allowedRoutes?.namespaces ?? {}, route.namespace, gatewayNamespace)
  );
}

type AllowedNamespaces = NonNullable<NonNullable<GatewayListenerSpec['allowedRoutes']>['namespaces']>;

function allowsNamespace<G>(
  lookup: AttachmentLookup<G>,
  { from = 'Same', selector = {} }: AllowedNamespaces,
  namespace: string,
  gatewayNamespace: string,
): boolean {
  switch (from) {
    case 'All':
      return true;
    case 'Same':
      return namespace === gatewayNamespace;
    case 'Selector': {
      const labels = lookup.namespaceLabels(namespace);
      return labels !== undefined && matchesSelector(selector, labels);
    }
    default:
      return from satisfies never;
  }
}
