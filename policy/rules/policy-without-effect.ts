/** A policy that applies to nothing. */
import type { Found, Rule } from '../rule.ts';
import { policiesNamedBy, routeKinds, topologyOf, type RouteItem } from '../topology.ts';
import { backendOf, type Item, type World } from '../world.ts';
import { targetingKinds } from './unresolved-reference.ts';

const filterKinds = ['RateLimitPolicy', 'LoggingPolicy'] as const;

function routeOf(world: World, kind: string, namespace: string, name: string): RouteItem | undefined {
  const known = routeKinds.find((each) => each === kind);
  return known === undefined ? undefined : world.find(known, namespace, name);
}

/** Its schema refused a gateway that the route names: told there, and what it takes is not known. */
function namesRefusedGateway(world: World, route: RouteItem): boolean {
  return route.spec.parentRefs.some(
    ({ name, namespace = route.namespace }) =>
      world.has('EgressGateway', namespace, name) &&
      world.find('EgressGateway', namespace, name) === undefined,
  );
}

function* targeting(world: World): Iterable<Found> {
  const topology = topologyOf(world);
  for (const { manifest, namespace, spec } of targetingKinds.flatMap((kind) => [...world.own(kind)])) {
    for (const [index, { kind, name, sectionName }] of spec.targetRefs.entries()) {
      const route = routeOf(world, kind, namespace, name);
      if (route === undefined) continue;
      const path = ['spec', 'targetRefs', index];
      if (topology.gatewaysOf(route).length === 0 && !namesRefusedGateway(world, route)) {
        yield {
          manifest,
          path,
          message: `${kind} ${namespace}/${name} is attached to no gateway, so the policy applies to nothing`,
        };
      }
      if (manifest.kind === 'FallbackRoutingPolicy' && !hasSecondBackend(world, route)) {
        const message = `no rule of ${kind} ${namespace}/${name} has two Backends of one API to fall back between`;
        yield { manifest, path, message };
      }
      if (sectionName !== undefined && !backendNames(route).includes(sectionName)) {
        yield {
          manifest,
          path: [...path, 'sectionName'],
          message: `${kind} ${name} has no Backend ${sectionName}`,
        };
      }
    }
  }
}

/** Two Backends of one rule that calls of one API can go to. */
function hasSecondBackend(world: World, route: RouteItem): boolean {
  if (route.kind !== 'AIProviderRoute') return true;
  return (route as Item<'AIProviderRoute'>).spec.rules.some(({ backendRefs = [] }) => {
    const schemas = backendRefs
      .filter(({ weight }) => weight !== 0)
      // Of one that is elsewhere nobody knows.
      .map((ref) => backendOf(world, route.namespace, ref)?.spec.schema?.name);
    return schemas.some((schema, index) => schema === undefined || schemas.indexOf(schema) < index);
  });
}

function backendNames(route: RouteItem): string[] {
  if (route.kind !== 'AIProviderRoute' && route.kind !== 'MCPRoute') return [];
  return ((route as Item<'AIProviderRoute'> | Item<'MCPRoute'>).spec.rules ?? []).flatMap(
    ({ backendRefs = [] }) => backendRefs.map(({ name }) => name),
  );
}

/** `Kind/namespace/name` of what filters of routes name. */
function extensions(world: World): Set<string> {
  const named = routeKinds
    .flatMap((kind): readonly RouteItem[] => world.all(kind))
    .flatMap((route) =>
      filterKinds.flatMap((kind) =>
        policiesNamedBy(route, kind).map((name) => `${kind}/${route.namespace}/${name}`),
      ),
    );
  return new Set(named);
}

/** A receiver that reads as if it got copies. */
function* unnamedSinks(world: World): Iterable<Found> {
  const named = new Set(world.all('LoggingPolicy').map(({ spec }) => spec.sinkRef));
  for (const { manifest, spec } of world.own('EgressGateway')) {
    for (const [index, { name }] of (spec.otlp?.sinks ?? []).entries()) {
      if (named.has(name)) continue;
      const path = ['spec', 'otlp', 'sinks', index];
      yield { manifest, path, message: `no LoggingPolicy names sink ${name}, so it gets no record` };
    }
  }
}

export const policyWithoutEffect: Rule = {
  id: 'policy-without-effect',
  severity: 'warn',
  title: 'A policy that applies to nothing',
  why: 'Its target is attached to no gateway, its sectionName names no Backend, or no filter of a route names it; or no policy names the sink. It reads like protection and is none.',
  fix: 'Attach the target, correct sectionName, name the policy in a filter with extensionRef, or the sink in sinkRef of a LoggingPolicy.',
  *check(world) {
    yield* targeting(world);
    yield* unnamedSinks(world);
    const named = extensions(world);
    for (const kind of filterKinds) {
      for (const { manifest, namespace, name } of world.own(kind)) {
        if (named.has(`${kind}/${namespace}/${name}`)) continue;
        yield { manifest, path: [], message: `no filter of a route in ${namespace} names this ${kind}` };
      }
    }
  },
};
