/**
 * ResolvedRefs of a LoggingPolicy: whether the gateways its calls go through have the sink it names. It refuses no call: the store of
 * the platform has the records all the same. Pure.
 */
import { attach, isLive, loggingPoliciesOf } from '../compile/index.ts';
import type { ControllerSpec } from '../context.ts';
import { kinds, type EgressGateway, type LoggingPolicy, type Route } from '../kind.ts';
import { keyOfObject, type Finding, type Kind, type ObjectChange, type World } from '../runtime/index.ts';

const routeKinds: ReadonlyArray<Kind<Route>> = [
  kinds.egressL4Route,
  kinds.aiProviderRoute,
  kinds.mcpRoute,
  kinds.egressHttpRoute,
] as ReadonlyArray<Kind<Route>>;

const burstMs = 50;

function names({ spec }: Route, policy: string): boolean {
  return (spec.rules ?? []).some((rule) => loggingPoliciesOf(rule).includes(policy));
}

/** Each once. */
function gatewaysOf(world: World, { metadata }: LoggingPolicy): EgressGateway[] {
  const { namespace, name } = metadata;
  const found = routeKinds
    .flatMap((kind) => world.list(kind, namespace).map((route) => ({ ...route, kind: kind.kind })))
    .filter((route) => isLive(route) && names(route, name))
    .flatMap((route) => route.spec.parentRefs.map((parent) => attach(world, route, parent)))
    .flatMap((attachment) => (attachment.attached ? [attachment.gateway] : []));
  return [...new Map(found.map((gateway) => [keyOfObject(gateway), gateway])).values()];
}

/** undefined: it names no sink. */
export function sinkFinding(world: World, policy: LoggingPolicy): Finding | undefined {
  const { sinkRef = '' } = policy.spec;
  if (sinkRef === '') return undefined;
  const type = 'ResolvedRefs';
  const gateways = gatewaysOf(world, policy);
  if (gateways.length === 0) {
    const message = `no attached route names the policy, so no gateway has to have the sink ${sinkRef}`;
    return { type, status: 'Unknown', reason: 'NoGateway', message };
  }
  const lacking = gateways.filter(
    ({ spec }) => !(spec.otlp?.sinks ?? []).some(({ name }) => name === sinkRef),
  );
  if (lacking.length === 0) return { type, status: 'True', reason: 'ResolvedRefs', message: '' };
  const where = lacking.map((gateway) => `EgressGateway ${keyOfObject(gateway)}`).join(', ');
  const message = `${where} has no sink ${sinkRef} (otlp.sinks), so nobody gets a copy there; the store of the platform has the records all the same`;
  return { type, status: 'False', reason: 'SinkNotFound', message };
}

/** Status alone changes nothing here; a resync tells before = after and must reach everyone. */
function isNew({ before, after }: ObjectChange): boolean {
  const facts = (object: ObjectChange['before']): string => {
    const { spec, metadata } = (object ?? {}) as Partial<EgressGateway>;
    return JSON.stringify([spec, metadata?.labels, metadata?.deletionTimestamp]);
  };
  return before === after || facts(before) !== facts(after);
}

function withSinks(world: World, namespace?: string): string[] {
  return world
    .list(kinds.loggingPolicy, namespace)
    .filter(({ spec }) => spec.sinkRef !== undefined)
    .map(keyOfObject);
}

export const sinkWatches: ControllerSpec['watches'] = [
  ...[kinds.egressGateway, kinds.namespace].map((resource) => ({
    resource,
    keysOf: (world: World, change: ObjectChange) => (isNew(change) ? withSinks(world) : []),
    delayMs: burstMs,
  })),
  ...routeKinds.map((resource) => ({
    resource,
    keysOf: (world: World, change: ObjectChange) =>
      isNew(change) ? withSinks(world, (change.after ?? change.before)?.metadata?.namespace) : [],
    delayMs: burstMs,
  })),
];
