/**
 * What reach is computed from: the very documents the data planes run, seen from one agent. Apart so that nothing below
 * knows pools: an agent is an id and its gateways, in the order the worker asks them.
 */
import {
  agentId,
  type DestinationPolicy,
  type GatewayConfig,
  type PoolConfig,
} from '../../contract/index.ts';
import { PolicyIndex } from '../../decision/index.ts';
import type { HeardSubjects } from './set-off.ts';
import type { StandingAnswers } from './standing.ts';

export type GatewayDocument = Omit<GatewayConfig, 'digest'>;
export type PoolDocument = Omit<PoolConfig, 'digest'>;

export interface ReachDocuments {
  readonly gateways: readonly GatewayDocument[];
  readonly pools: readonly PoolDocument[];
  /** Absent: it is not known what sets them off. */
  readonly heard?: HeardSubjects;
  /** What persons allow at the moment asked about; absent: it is not known. */
  readonly standing?: StandingAnswers;
}

/** One gateway as an agent meets it: the worker decides by `destinations`, then the gateway by its own document. */
export interface AgentGateway {
  /** `ns/name` */
  readonly id: string;
  readonly destinations: DestinationPolicy;
  readonly document: GatewayDocument;
  /** The document as the gateway decides by it. */
  readonly index: PolicyIndex;
}

export interface ReachAgent {
  /** `TaskAgent/ns/name` */
  readonly id: string;
  readonly gateways: readonly AgentGateway[];
  /** Gateways the agent names that are not in the documents: they open nothing. */
  readonly missing: readonly string[];
}

/** Every agent of every pool, by id. */
export function agentsOf(documents: ReachDocuments): ReachAgent[] {
  const byId = new Map(
    documents.gateways.map((document) => {
      const { namespace, name } = document.gateway;
      const id: string = `${namespace}/${name}`;
      return [id, { document, index: new PolicyIndex(document) }] as const;
    }),
  );
  const agents = documents.pools.flatMap((pool) => {
    const opened = new Map(pool.gateways.map((gateway) => [gateway.id, gateway.destinations]));
    return pool.agents.map((agent): ReachAgent => {
      const gateways = agent.gateways.flatMap((id) => {
        const known = byId.get(id);
        const destinations = opened.get(id);
        return known === undefined || destinations === undefined ? [] : [{ id, destinations, ...known }];
      });
      const present = new Set(gateways.map(({ id }) => id));
      return { id: agentId(agent), gateways, missing: agent.gateways.filter((id) => !present.has(id)) };
    });
  });
  return agents.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Two agents with the same key reach the same: the same gateways, and the same rules name them. A thousand agents of one
 * kind are computed once.
 */
export function reachKeyOf({ id, gateways }: ReachAgent): string {
  const names = ({ rules, denials = [] }: DestinationPolicy): string =>
    [...rules, ...denials]
      .map(({ sourceAgents }) => (sourceAgents === undefined || sourceAgents.includes(id) ? 1 : 0))
      .join('');
  return gateways
    .map((gateway) => `${gateway.id} ${names(gateway.destinations)} ${names(gateway.document.destinations)}`)
    .join('\n');
}
