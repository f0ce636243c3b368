/** Which gateways a change concerns. */
import { containmentOf } from '../../contract/index.ts';
import {
  agentOfRevision,
  exportSecretRefs,
  gatewayNames,
  systemName,
  type AnyAgent,
} from '../compile/index.ts';
import type { ControllerSpec } from '../context.ts';
import { kinds, type AgentSandboxRevision, type Route, type TaskAgent } from '../kind.ts';
import {
  keyOf,
  keyOfObject,
  type Kind,
  type KubeObject,
  type ObjectChange,
  type World,
} from '../runtime/index.ts';
import { changedObjects, ownerKeys } from '../change.ts';

const burstMs = 50;

function namespaceOf(change: ObjectChange): string | undefined {
  return (change.after ?? change.before)?.metadata?.namespace;
}

function gatewaysIn(world: World, namespace?: string): readonly string[] {
  return world.list(kinds.egressGateway, namespace).map((gateway) => keyOfObject(gateway as KubeObject));
}

/** Parents before and after: a route that moves away closes something. */
export function parentsOf(change: ObjectChange): readonly string[] {
  return changedObjects(change).flatMap((object) =>
    (object as Route).spec.parentRefs.map((parent) =>
      keyOf(parent.namespace ?? object.metadata?.namespace, parent.name),
    ),
  );
}

function gatewaysOfAgent(change: ObjectChange): readonly string[] {
  if (!agentMatters(change)) return [];
  return changedObjects(change).flatMap((object) =>
    ((object as TaskAgent).spec.egressRefs ?? []).map((ref) =>
      keyOf(object.metadata?.namespace, ref.gatewayRef),
    ),
  );
}

/** A gateway takes frames of the pools its agents' revisions run on. */
function gatewaysOfRevision(world: World, change: ObjectChange): readonly string[] {
  const agents = changedObjects(change).flatMap((revision) => {
    const owner = agentOfRevision(revision as AgentSandboxRevision);
    if (owner === undefined) return [];
    const kind: Kind<AnyAgent> = owner.kind === 'TaskAgent' ? kinds.taskAgent : kinds.daemonAgent;
    const agent = world.get(kind, owner.namespace, owner.name);
    return agent === undefined ? [] : [agent];
  });
  return agents.flatMap((agent) => gatewayNames(agent).map((name) => keyOf(agent.metadata.namespace, name)));
}

/** What of an agent a gateway compiles: its labels, its references, its pool, whether it is contained. Status changes are not among them. */
function agentMatters({ before, after }: ObjectChange): boolean {
  const facts = (object: KubeObject | undefined): string => {
    if (object === undefined) return '';
    const { spec, metadata } = object as TaskAgent;
    const { labels, deletionTimestamp } = metadata;
    const contained = containmentOf({ metadata }) !== undefined;
    return JSON.stringify([labels, deletionTimestamp, contained, spec.egressRefs, spec.workerPoolRef]);
  };
  // A resync tells before = after and must reach everyone.
  return before === after || facts(before) !== facts(after);
}

function gatewaysOfSecret(world: World, change: ObjectChange): readonly string[] {
  const owned = ownerKeys('EgressGateway', change);
  if (owned.length > 0) return owned;
  const namespace = namespaceOf(change);
  // Credentials of a route's namespace, keys of a pool, trust bundles: rare changes, cheap compiles.
  const name = (change.after ?? change.before)?.metadata?.name ?? '';
  const used =
    name.startsWith('clrk-pool-keys-') ||
    world.list(kinds.credentialInjectionPolicy, namespace).some((cip) => cip.spec.secretRef.name === name);
  if (used) return gatewaysIn(world);
  return world
    .list(kinds.egressGateway, namespace)
    .filter(
      (gateway) =>
        gateway.spec.upstreamTLS?.additionalTrustBundleSecretRef?.name === name ||
        exportSecretRefs(gateway).some((ref) => ref.name === name) ||
        gateway.spec.listeners.some((listener) => listener.tls?.caCertRef?.name === name),
    )
    .map((gateway) => keyOfObject(gateway as KubeObject));
}

export const gatewayWatches: ControllerSpec['watches'] = [
  { resource: kinds.egressGateway, keysOf: (_world, change) => changedObjects(change).map(keyOfObject) },
  { resource: kinds.deployment, keysOf: (_world, change) => ownerKeys('EgressGateway', change) },
  { resource: kinds.serviceAccount, keysOf: (_world, change) => ownerKeys('EgressGateway', change) },
  { resource: kinds.role, keysOf: (_world, change) => ownerKeys('EgressGateway', change) },
  { resource: kinds.networkPolicy, keysOf: (_world, change) => ownerKeys('EgressGateway', change) },
  { resource: kinds.podDisruptionBudget, keysOf: (_world, change) => ownerKeys('EgressGateway', change) },
  { resource: kinds.roleBinding, keysOf: (_world, change) => ownerKeys('EgressGateway', change) },
  {
    resource: kinds.service,
    keysOf: (world, change) =>
      (change.after ?? change.before)?.metadata?.name === systemName.telemetryService
        ? gatewaysIn(world)
        : ownerKeys('EgressGateway', change),
  },
  { resource: kinds.secret, keysOf: gatewaysOfSecret },
  { resource: kinds.taskAgent, keysOf: (_world, change) => gatewaysOfAgent(change), delayMs: burstMs },
  { resource: kinds.daemonAgent, keysOf: (_world, change) => gatewaysOfAgent(change), delayMs: burstMs },
  { resource: kinds.agentSandboxRevision, keysOf: gatewaysOfRevision, delayMs: burstMs },
  { resource: kinds.egressL4Route, keysOf: (_world, change) => parentsOf(change) },
  { resource: kinds.aiProviderRoute, keysOf: (_world, change) => parentsOf(change) },
  { resource: kinds.mcpRoute, keysOf: (_world, change) => parentsOf(change) },
  { resource: kinds.egressHttpRoute, keysOf: (_world, change) => parentsOf(change) },
  // A Backend or policy of any namespace may belong to a route attached here.
  { resource: kinds.backend, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
  { resource: kinds.credentialInjectionPolicy, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
  { resource: kinds.egressDenyPolicy, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
  { resource: kinds.fallbackRoutingPolicy, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
  { resource: kinds.loggingPolicy, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
  { resource: kinds.rateLimitPolicy, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
  { resource: kinds.namespace, keysOf: (world) => gatewaysIn(world), delayMs: burstMs },
];
