/**
 * Who is connected to whom in a set of manifests: routes to gateways, agents to gateways, credentials to what they
 * target. Computed once a World; every rule asks here, so that they agree.
 */
import { attachParent, type ParentVerdict } from '../contract/index.ts';
import type { Item, KindName, World } from './world.ts';

export const routeKinds = [
  'EgressL4Route',
  'AIProviderRoute',
  'MCPRoute',
  'EgressHTTPRoute',
] as const satisfies readonly KindName[];
export type RouteItem = Item<(typeof routeKinds)[number]>;
export const agentKinds = ['TaskAgent', 'DaemonAgent'] as const satisfies readonly KindName[];
export type AgentItem = Item<(typeof agentKinds)[number]>;
export type GatewayItem = Item<'EgressGateway'>;
export type CredentialItem = Item<'CredentialInjectionPolicy'>;

type Attached = Extract<ParentVerdict<GatewayItem>, { attached: true }>;

export interface AttachedRoute extends Pick<Attached, 'listeners' | 'narrowed'> {
  readonly route: RouteItem;
}

export interface CredentialUse {
  readonly policy: CredentialItem;
  /** Index in the policy's targetRefs. */
  readonly ref: number;
  /** One Backend of the target; undefined: all of it. */
  readonly sectionName: string | undefined;
}

interface ObjectKey {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

function keyOf({ kind, namespace, name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

const known = new WeakMap<World, Topology>();

export function topologyOf(world: World): Topology {
  const cached = known.get(world);
  if (cached !== undefined) return cached;
  const fresh = new Topology(world);
  known.set(world, fresh);
  return fresh;
}

/** Names of the policies of this kind that its filters name, all of its own namespace. */
export function policiesNamedBy(route: RouteItem, kind: 'LoggingPolicy' | 'RateLimitPolicy'): string[] {
  const rules: ReadonlyArray<{
    filters?: ReadonlyArray<{ extensionRef?: { kind: string; name: string } | undefined }> | undefined;
  }> = route.spec.rules ?? [];
  return rules
    .flatMap(({ filters = [] }) => filters)
    .flatMap(({ extensionRef }) => (extensionRef?.kind === kind ? [extensionRef.name] : []));
}

export class Topology {
  readonly #parents = new Map<string, ReadonlyArray<ParentVerdict<GatewayItem>>>();
  readonly #routes = new Map<string, AttachedRoute[]>();
  readonly #agents = new Map<string, AgentItem[]>();
  readonly #credentials = new Map<string, CredentialUse[]>();

  constructor(world: World) {
    const lookup = {
      gateway: (namespace: string, name: string) => world.find('EgressGateway', namespace, name),
      namespaceLabels: (namespace: string) => world.namespaceLabels(namespace),
    };
    for (const route of routeKinds.flatMap((kind): readonly RouteItem[] => world.all(kind))) {
      const verdicts = route.spec.parentRefs.map((parent) => attachParent(lookup, route, parent));
      this.#parents.set(keyOf(route), verdicts);
      this.#attach(
        route,
        verdicts.filter((verdict) => verdict.attached),
      );
    }
    for (const agent of agentKinds.flatMap((kind): readonly AgentItem[] => world.all(kind))) {
      for (const name of new Set((agent.spec.egressRefs ?? []).map(({ gatewayRef }) => gatewayRef))) {
        push(this.#agents, keyOf({ kind: 'EgressGateway', namespace: agent.namespace, name }), agent);
      }
    }
    for (const policy of world.all('CredentialInjectionPolicy')) this.#addCredential(policy);
  }

  #attach(route: RouteItem, accepted: readonly Attached[]): void {
    for (const gateway of new Set(accepted.map((verdict) => verdict.gateway))) {
      const own = accepted.filter((verdict) => verdict.gateway === gateway);
      const listeners = [...new Set(own.flatMap((verdict) => verdict.listeners))];
      push(this.#routes, keyOf(gateway), {
        route,
        listeners,
        narrowed: own.every(({ narrowed }) => narrowed),
      });
    }
  }

  #addCredential(policy: CredentialItem): void {
    policy.spec.targetRefs.forEach(({ kind, name, sectionName }, ref) => {
      push(this.#credentials, keyOf({ kind, namespace: policy.namespace, name }), {
        policy,
        ref,
        sectionName,
      });
    });
  }

  /** One verdict a parentRef. */
  parentsOf(route: RouteItem): ReadonlyArray<ParentVerdict<GatewayItem>> {
    return this.#parents.get(keyOf(route)) ?? [];
  }

  gatewaysOf(route: RouteItem): GatewayItem[] {
    return [
      ...new Set(this.parentsOf(route).flatMap((verdict) => (verdict.attached ? [verdict.gateway] : []))),
    ];
  }

  routesOf(gateway: GatewayItem): readonly AttachedRoute[] {
    return this.#routes.get(keyOf(gateway)) ?? [];
  }

  agentsOf(gateway: GatewayItem): readonly AgentItem[] {
    return this.#agents.get(keyOf(gateway)) ?? [];
  }

  credentialsOn(target: ObjectKey): readonly CredentialUse[] {
    return this.#credentials.get(keyOf(target)) ?? [];
  }
}
