/**
 * Approvals that last, as what each agent may do without asking: those in force at a moment, of agents, gateways and rules that are
 * there. Pure. The gateway's own policy says which of them still have something to answer (policy/reach/standing.ts).
 */
import { allowedBy, answerLastsMs, type StandingAnswer } from '../../decision/index.ts';
import { agentId } from '../../contract/index.ts';
import { kinds, type Approval } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { agentOfAsk, isAsking } from './asking-rule.ts';
import { gatewayNames } from './membership.ts';
import { isLive } from './order.ts';

/** Manifests do not say which agent of a name is meant; a cluster does. */
function isOfAgent(world: World, { metadata: { namespace }, spec: { request } }: Approval): boolean {
  const agent = agentOfAsk(world, namespace, request.agent);
  if (agent === undefined || !gatewayNames(agent).includes(request.gateway)) return false;
  const { uid } = agent.metadata;
  return uid === undefined || uid === request.agent.uid;
}

function standing(world: World, approval: Approval, at: number): StandingAnswer[] {
  const { metadata, spec, status } = approval;
  const { request, decision } = spec;
  // Of one invocation alone it is no reach of the agent's.
  if (decision?.for !== 'Agent' || !isLive(approval) || !isOfAgent(world, approval)) return [];
  const { namespace } = metadata;
  const gateway = world.get(kinds.egressGateway, namespace, request.gateway);
  if (gateway === undefined || !isLive(gateway) || !isAsking(world, gateway, request.route)) return [];
  const timed = { scope: decision.for, ttl: decision.ttl, validUntil: status?.validUntil };
  const leftMs = answerLastsMs(timed, at);
  if (leftMs === 0) return [];
  const kind = request.agent.kind;
  return [
    {
      approval: `${namespace}/${metadata.name}`,
      agent: agentId({ kind, namespace, name: request.agent.name }),
      gateway: `${namespace}/${request.gateway}`,
      ...{ route: request.route, key: request.key, call: request.call },
      ...{ answer: decision.answer, by: decision.decidedBy },
      until: new Date(at + leftMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    },
  ];
}

/** By agent id; who has none is not in it. */
export function standingApprovals(world: World, at: number): ReadonlyMap<string, readonly StandingAnswer[]> {
  const all = world.list(kinds.approval).flatMap((approval) => standing(world, approval, at));
  const byAgent = new Map<string, StandingAnswer[]>();
  for (const each of allowedBy(all)) byAgent.set(each.agent, [...(byAgent.get(each.agent) ?? []), each]);
  return byAgent;
}
