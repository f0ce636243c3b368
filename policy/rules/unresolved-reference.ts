/** A reference names an object that is not there. */
import { faultOfBackendRef, type BackendReference } from '../../contract/index.ts';
import type { Found, Rule } from '../rule.ts';
import { agentKinds, routeKinds, type AgentItem, type RouteItem } from '../topology.ts';
import type { World } from '../world.ts';

function* agentReferences(world: World, agent: AgentItem): Iterable<Found> {
  const { namespace, manifest, spec } = agent;
  const missing = (kind: string, name: string): boolean => !world.has(kind, namespace, name);
  if (missing('WorkerPool', spec.workerPoolRef)) {
    yield {
      manifest,
      path: ['spec', 'workerPoolRef'],
      message: `WorkerPool ${namespace}/${spec.workerPoolRef} does not exist`,
    };
  }
  for (const [index, { gatewayRef }] of (spec.egressRefs ?? []).entries()) {
    if (!missing('EgressGateway', gatewayRef)) continue;
    const path = ['spec', 'egressRefs', index, 'gatewayRef'];
    yield { manifest, path, message: `EgressGateway ${namespace}/${gatewayRef} does not exist` };
  }
}

interface Filter {
  readonly extensionRef?: BackendReference | undefined;
}

interface Place<T> {
  readonly rule: number;
  readonly values: readonly T[];
}

interface RouteRule {
  readonly backendRefs?: readonly BackendReference[] | undefined;
  readonly filters?: readonly Filter[] | undefined;
}

function* backendReferences(
  world: World,
  { namespace, manifest }: RouteItem,
  at: Place<BackendReference>,
): Iterable<Found> {
  for (const [index, ref] of at.values.entries()) {
    const path = ['spec', 'rules', at.rule, 'backendRefs', index];
    const { name } = ref;
    const fault = faultOfBackendRef(ref, namespace);
    if (fault === 'RefNotPermitted') {
      const message = `Backend ${ref.namespace ?? ''}/${name} is in another namespace, which is not permitted`;
      yield { manifest, path, message };
    } else if (fault === undefined && !world.has('Backend', namespace, name)) {
      yield { manifest, path, message: `Backend ${namespace}/${name} does not exist` };
    }
  }
}

function* extensionReferences(
  world: World,
  { namespace, manifest }: RouteItem,
  at: Place<Filter>,
): Iterable<Found> {
  for (const [index, { extensionRef }] of at.values.entries()) {
    if (extensionRef === undefined) continue;
    const { kind = '', name } = extensionRef;
    if (world.has(kind, namespace, name)) continue;
    const path = ['spec', 'rules', at.rule, 'filters', index, 'extensionRef'];
    yield { manifest, path, message: `${kind} ${namespace}/${name} does not exist` };
  }
}

function* routeReferences(world: World, route: RouteItem): Iterable<Found> {
  const rules: readonly RouteRule[] = route.spec.rules ?? [];
  for (const [rule, { backendRefs = [], filters = [] }] of rules.entries()) {
    yield* backendReferences(world, route, { rule, values: backendRefs });
    yield* extensionReferences(world, route, { rule, values: filters });
  }
}

export const targetingKinds = [
  'CredentialInjectionPolicy',
  'FallbackRoutingPolicy',
  'EgressDenyPolicy',
] as const;

export const unresolvedReference: Rule = {
  id: 'unresolved-reference',
  severity: 'error',
  title: 'A reference names an object that is not there',
  why: 'The object is accepted by the API server and then does nothing: an agent without its WorkerPool never runs, a route without its Backend answers 503, a policy without its target protects nothing.',
  fix: 'Correct the name or add the object. When another repository holds it, validate both together or waive the finding for it.',
  *check(world) {
    for (const agent of agentKinds.flatMap((kind): readonly AgentItem[] => world.own(kind)))
      yield* agentReferences(world, agent);
    for (const route of routeKinds.flatMap((kind): readonly RouteItem[] => world.own(kind)))
      yield* routeReferences(world, route);
    for (const { namespace, manifest, spec } of targetingKinds.flatMap((kind) => [...world.own(kind)])) {
      for (const [index, { kind, name }] of spec.targetRefs.entries()) {
        if (world.has(kind, namespace, name)) continue;
        const message = `target ${kind} ${namespace}/${name} does not exist`;
        yield { manifest, path: ['spec', 'targetRefs', index], message };
      }
    }
  },
};
