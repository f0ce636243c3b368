/**
 * What one agent meets at one destination: in each protocol the gateway that takes the connection and its plan. Everything that
 * decides is asked of the worker's and the gateway's own functions; this only finds out which of them are asked.
 */
import {
  chooseListener,
  computeAction,
  decideConnection,
  shapeOf,
  type GatewayListener,
  type Hostname,
} from '../../contract/index.ts';
import { computePlan, judgeAnswers, type OpenPlan, type UpstreamTarget } from '../../decision/index.ts';
import type { AgentGateway, ReachAgent } from './documents.ts';

/** HTTP and HTTPS are inspected; TLS passes through encrypted and TCP as raw bytes. */
export const reachProtocols = ['HTTPS', 'HTTP', 'TLS', 'TCP'] as const;
export type ReachProtocol = (typeof reachProtocols)[number];

export interface ReachDestination {
  readonly hostname?: Hostname;
  readonly ip?: string;
  readonly port: number;
}

export interface Spot {
  readonly protocol: ReachProtocol;
  /** Calls are read and judged; otherwise bytes pass that nobody reads. */
  readonly isRead: boolean;
  readonly gateway: AgentGateway;
  readonly plan: OpenPlan;
}

/** The pins a dial of the target uses; `none`: whatever public address it resolves to; `refused`: it is never dialled. */
export type Dial = readonly string[] | 'none' | 'refused';

export function dialOf({ gateway: { index }, plan }: Spot, target: UpstreamTarget): Dial {
  const { hostname, port } = target.via ?? target;
  const pinned = hostname === undefined ? undefined : index.pins.get(hostname);
  // What the agent asked for by its address was judged by its plan.
  const answers = hostname === undefined && target.via?.ip !== undefined ? [target.via.ip] : pinned;
  if (answers === undefined) return 'none';
  const request = { agentId: plan.site.agent, port, pinned, plain: target.plain };
  const verdict = judgeAnswers(index.policy.destinations, request, answers);
  return verdict.kind === 'refused' ? 'refused' : (pinned ?? 'none');
}

/** The protocols of which a listener lets something through. */
function protocolsOf(listener: GatewayListener): ReachProtocol[] {
  const shape = shapeOf(listener);
  const tls = computeAction(shape, 'tls');
  return [
    ...(tls === 'terminate' ? ['HTTPS' as const] : []),
    ...(computeAction(shape, 'http1') === 'http' ? ['HTTP' as const] : []),
    ...(tls === 'passthrough' ? ['TLS' as const] : []),
    ...(computeAction(shape, 'raw') === 'relay' ? ['TCP' as const] : []),
  ];
}

/** Everything the agent may try there; what the plans refuse of it is theirs to say. Empty: the connection is refused. */
export function spotsAt(agent: ReachAgent, destination: ReachDestination): Spot[] {
  const { hostname, ip, port } = destination;
  const verdict = decideConnection(agent.gateways, agent.id, { hostname, ip: ip ?? '', port });
  if (!verdict.open) return [];
  const { gateway } = verdict;
  const listener = chooseListener(gateway.document.listeners, port);
  if (listener === undefined) return [];
  return protocolsOf(listener).flatMap((protocol): Spot[] => {
    const tls = protocol === 'HTTPS';
    const plan = computePlan(gateway.index, { agent: agent.id, hostname, ip, port, tls });
    const isRead = protocol === 'HTTPS' || protocol === 'HTTP';
    return plan.kind === 'open' ? [{ protocol, isRead, gateway, plan }] : [];
  });
}
