/** A policy that applies to nothing. */
import type { Found, Rule } from '../rule.ts';
import { routeKinds, topologyOf, type RouteItem } from '../topology.ts';
import { backendOf, type Item, type World } from '../world.ts';
import { targetingKinds } from './unresolved-reference.ts';

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
    .flatMap((route) => {
      const rules: ReadonlyArray<{
        filters?: ReadonlyArray<{ extensionRef?: { kind: string; name: string } | undefined }> | undefined;
      }> = route.spec.rules ?? [];
      return rules
        .flatMap(({ filters = [] }) => filters)
        .flatMap(({ extensionRef }) =>
          extensionRef === undefined ? [] : [`${extensionRef.kind}/${route.namespace}/${extensionRef.name}`],
        );
    });
  return new Set(named);
}

export const policyWithoutEffect: Rule = {
  id: 'policy-without-effect',
  severity: 'warn',
  title: 'A policy that applies to nothing',
  why: 'Its target is attached to no gateway, its sectionName names no Backend, or no filter of a route names it. It reads like protection and is none.',
  fix: 'Attach the target, correct sectionName, or name the policy in a filter with extensionRef.',
  *check(world) {
    yield* targeting(world);
    const named = extensions(world);
    for (const kind of ['RateLimitPolicy', 'LoggingPolicy'] as const) {
      for (const { manifest, namespace, name } of world.own(kind)) {
        if (named.has(`${kind}/${namespace}/${name}`)) continue;
        yield { manifest, path: [], message: `no filter of a route in ${namespace} names this ${kind}` };
      }
    }
  },
};
