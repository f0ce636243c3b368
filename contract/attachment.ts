/**
 * Which gateway, and which of its listeners, one parentRef of a route attaches to. As in the Gateway API, opening a
 * gateway is its owner's decision: a route of another namespace attaches only where a listener's allowedRoutes says so
 * (default: Same). Pure; what exists is asked of the caller, so that manifests and a cluster's cache get one answer.
 */
import { matchesSelector, type LabelSelector } from './label-selector.ts';

/** Of every kind of ours. */
export const apiGroup = 'clrk.apoxy.dev';

/** What of a gateway's listener decides about routes. */
export interface AttachableListener {
  readonly name: string;
  readonly port?: number | undefined;
  readonly allowedRoutes?:
    | {
        readonly kinds?:
          ReadonlyArray<{ readonly group?: string | undefined; readonly kind: string }> | undefined;
        readonly namespaces?:
          | {
              readonly from?: 'Same' | 'All' | 'Selector' | undefined;
              readonly selector?: LabelSelector | undefined;
            }
          | undefined;
      }
    | undefined;
}

interface AttachableGateway {
  readonly spec: { readonly listeners: readonly AttachableListener[] };
}

type ListenerOf<G extends AttachableGateway> = G['spec']['listeners'][number];

/** A route's reference to the gateway it wants to attach to. */
export interface ParentRef {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly name: string;
  /** Unset: the route's own. */
  readonly namespace?: string | undefined;
  readonly sectionName?: string | undefined;
  readonly port?: number | undefined;
}

export interface AttachmentLookup<G> {
  readonly gateway: (namespace: string, name: string) => G | undefined;
  /** Undefined: the namespace is not known, and no selector matches it but by its name. */
  readonly namespaceLabels: (namespace: string) => Readonly<Record<string, string>> | undefined;
}

export type ParentVerdict<G extends AttachableGateway> =
  | {
      readonly attached: true;
      readonly gateway: G;
      /** Listeners of the gateway that take this route. */
      readonly listeners: ReadonlyArray<ListenerOf<G>>;
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

export function attachParent<G extends AttachableGateway>(
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
    (listener: ListenerOf<G>) =>
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
  { allowedRoutes }: AttachableListener,
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

/** The API server sets it on every namespace, whatever the manifest says. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** The labels of a namespace as a cluster has them. */
export function labelsOfNamespace(
  name: string,
  known: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { ...known, [namespaceNameLabel]: name };
}

function asksForNameOnly({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  const keys = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
  return keys.length > 0 && keys.every((key) => key === namespaceNameLabel);
}

type AllowedNamespaces = NonNullable<NonNullable<AttachableListener['allowedRoutes']>['namespaces']>;

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
      const known = lookup.namespaceLabels(namespace);
      // What is not known may carry any label but this one, which the API server sets itself.
      if (known === undefined && !asksForNameOnly(selector)) return false;
      return matchesSelector(selector, labelsOfNamespace(namespace, known));
    }
    default:
      return from satisfies never;
  }
}
