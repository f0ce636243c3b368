/**
 * Manifests beside what runs: which documents the manifests come to, what the replicas of a gateway or pool say together, and both
 * sides as reach is computed from. Pure.
 */
import { agentId, gatewayPolicyDigest, poolPolicyDigest } from '../../contract/index.ts';
import type { GatewayDocument, PoolDocument, ReachDocuments } from '../../policy/index.ts';
import { renderHolder, type Holder, type LiveHolder } from './live-cluster.ts';

export const keyOf = ({ kind, namespace, name }: Holder): string => `${kind}/${namespace}/${name}`;

export interface Compiled {
  readonly holder: Holder;
  readonly digest: string;
}

export function compiledHolders({ gateways, pools }: ReachDocuments): Compiled[] {
  return [
    ...gateways.map((each) => ({
      holder: { ...each.gateway, kind: 'EgressGateway' as const },
      digest: gatewayPolicyDigest(each),
    })),
    ...pools.map((each) => ({
      holder: { ...each.pool, kind: 'WorkerPool' as const },
      digest: poolPolicyDigest(each),
    })),
  ];
}

/** The one digest all replicas say they run, or why there is none; undefined: no replica is wanted. */
export function digestOf(
  holder: LiveHolder,
): { readonly digest: string } | { readonly problem: string } | undefined {
  const { running, ready, wanted } = holder;
  if (wanted === 0 && ready === 0 && running.length === 0) return undefined;
  const told = running.reduce((sum, { replicas }) => sum + replicas, 0);
  const [only, ...more] = running;
  const who = renderHolder(holder);
  if (only === undefined || told < ready) {
    return { problem: `${who}: ${told} of ${Math.max(1, ready)} replicas say which policy they run` };
  }
  if (more.length > 0) return { problem: `${who}: its replicas run ${running.length} policies` };
  return { digest: only.policyDigest };
}

/** The same ranges of the platform on both sides: manifests do not hold them. */
export function withPlatform(documents: ReachDocuments, platformCidrs: readonly string[]): ReachDocuments {
  const ranged = <T extends Pick<GatewayDocument, 'destinations'>>(each: T): T => ({
    ...each,
    destinations: { ...each.destinations, platformCidrs: [...platformCidrs] },
  });
  return {
    gateways: documents.gateways.map(ranged),
    pools: documents.pools.map((pool) => ({ ...pool, gateways: pool.gateways.map(ranged) })),
  };
}

/** An agent that its gateway does not take reaches nothing by it. */
function takenOnly({ gateways, pools }: ReachDocuments): ReachDocuments {
  const takes = new Map(
    gateways.map(({ gateway, framePeers }) => [
      `${gateway.namespace}/${gateway.name}`,
      new Set(framePeers.flatMap(({ agents }) => agents)),
    ]),
  );
  const kept = pools.map((pool) => ({
    ...pool,
    agents: pool.agents.map((agent) => ({
      ...agent,
      gateways: agent.gateways.filter((id) => takes.get(id)?.has(agentId(agent)) !== false),
    })),
  }));
  return { gateways, pools: kept };
}

/** Documents in force, by key of their holder. */
export interface Running {
  readonly gateways: ReadonlyMap<string, GatewayDocument>;
  readonly pools: ReadonlyMap<string, PoolDocument>;
}

/** Every holder as it runs; those that run what git says are taken from there. */
function replaced(git: ReachDocuments, { gateways, pools }: Running): ReachDocuments {
  const gatewaysNow = new Map(
    git.gateways.map((each) => [keyOf({ ...each.gateway, kind: 'EgressGateway' }), each]),
  );
  const poolsNow = new Map(git.pools.map((each) => [keyOf({ ...each.pool, kind: 'WorkerPool' }), each]));
  for (const [key, document] of gateways) gatewaysNow.set(key, document);
  for (const [key, document] of pools) poolsNow.set(key, document);
  return { gateways: [...gatewaysNow.values()], pools: [...poolsNow.values()] };
}

/** Both sides of the comparison. `platformGiven`: the manifests were compiled with ranges that the caller named. */
export function sidesOf(
  git: ReachDocuments,
  running: Running,
  platformGiven: boolean,
): { readonly before: ReachDocuments; readonly after: ReachDocuments } {
  const [first] = [
    ...running.gateways.values(),
    ...[...running.pools.values()].flatMap(({ gateways }) => gateways),
  ];
  const before =
    platformGiven || first === undefined ? git : withPlatform(git, first.destinations.platformCidrs);
  return { before, after: takenOnly(replaced(before, running)) };
}
