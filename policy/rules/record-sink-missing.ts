/** A LoggingPolicy whose copies nobody gets: a gateway its calls go through has no such sink. */
import type { Found, Rule } from '../rule.ts';
import { policiesNamedBy, routeKinds, topologyOf, type RouteItem } from '../topology.ts';
import type { Item, World } from '../world.ts';

function* ofPolicy(world: World, policy: Item<'LoggingPolicy'>): Iterable<Found> {
  const { sinkRef = '' } = policy.spec;
  if (sinkRef === '') return;
  const topology = topologyOf(world);
  const routes = routeKinds
    .flatMap((kind): readonly RouteItem[] => world.all(kind))
    .filter(({ namespace }) => namespace === policy.namespace)
    .filter((route) => policiesNamedBy(route, 'LoggingPolicy').includes(policy.name));
  const lacking = new Set(
    routes
      .flatMap((route) => topology.gatewaysOf(route))
      .filter(({ spec }) => !(spec.otlp?.sinks ?? []).some(({ name }) => name === sinkRef))
      .map(({ namespace, name }) => `${namespace}/${name}`),
  );
  for (const gateway of lacking) {
    const message = `EgressGateway ${gateway} has no sink ${sinkRef} (spec.otlp.sinks): nobody gets a copy there`;
    yield { manifest: policy.manifest, path: ['spec', 'sinkRef'], message };
  }
}

export const recordSinkMissing: Rule = {
  id: 'record-sink-missing',
  severity: 'error',
  title: 'A LoggingPolicy names a sink that its gateway does not have',
  why: 'sinkRef is one of otlp.sinks of the gateway a call goes through. Without it the policy reads as if an archive or an auditor got a copy of each record, and nobody does; the store of the platform has them all the same.',
  fix: 'Add the sink to spec.otlp.sinks of the gateway (gateway.addSink), correct the name, or remove sinkRef.',
  *check(world) {
    for (const policy of world.own('LoggingPolicy')) yield* ofPolicy(world, policy);
  },
};
