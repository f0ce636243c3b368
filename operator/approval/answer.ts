/**
 * What a gateway is answered: the decision about each call it has parked, or nothing yet. Pure. What a gateway says of an agent
 * is believed only as far as the objects say the same: an agent of its own that is there, and a route that is.
 */
import type { ApprovalAsk, ApprovalWord, DecidedWord } from '../../contract/index.ts';
import { answerLastsMs, covers, strictest } from '../../decision/index.ts';
import { agentOfAsk, gatewayNames, isAsking } from '../compile/index.ts';
import { isWaiting, ownApprovals, type OwnApprovals } from './index-of-approvals.ts';
import { kinds, type Approval, type EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { approvalName } from './asks.ts';

/** Calls of one agent, and of one gateway, that wait for a person: more are not asked about. */
export const maxWaiting = { agent: 32, gateway: 256 } as const;

/** Why nobody will be asked; undefined: it is as the gateway says. */
export function faultOf(world: World, gateway: EgressGateway, ask: ApprovalAsk): string | undefined {
  const { namespace, name } = gateway.metadata;
  const agent = ask.agent.namespace === namespace ? agentOfAsk(world, namespace, ask.agent) : undefined;
  if (agent?.metadata.uid !== ask.agent.uid) return 'the platform knows no such agent';
  if (agent === undefined || !gatewayNames(agent).includes(name))
    return 'the agent does not use this gateway';
  return isAsking(world, gateway, ask.route) ? undefined : 'the route that asks for approval is gone';
}

/** Does the Approval ask what the gateway asks? */
export function isOf({ spec: { request } }: Approval, gateway: EgressGateway, ask: ApprovalAsk): boolean {
  return (
    request.id === ask.id &&
    request.gateway === gateway.metadata.name &&
    request.agent.uid === ask.agent.uid &&
    request.key === ask.key
  );
}

/** How long its answer holds for other calls; 0: not at all. */
export function lastsMs({ spec: { decision }, status }: Approval, now: number): number {
  if (decision === undefined) return 0;
  const { for: scope, ttl } = decision;
  return answerLastsMs({ scope, ttl, validUntil: status?.validUntil }, now);
}

function wordOf(approval: Approval, ask: ApprovalAsk, now: number): DecidedWord | undefined {
  const { metadata, spec } = approval;
  const { decision } = spec;
  if (decision === undefined) return undefined;
  const { answer, for: scope = 'Once', decidedBy: by, reason } = decision;
  const leftMs = lastsMs(approval, now);
  const said = { answer, scope, by, leftMs, ...(reason === undefined ? {} : { reason }) };
  return { id: ask.id, kind: 'decided', approval: metadata.name, ...said };
}

/** Answers that last, given to this agent at this gateway for calls like this one. */
function lastingWord({ decided }: OwnApprovals, ask: ApprovalAsk, now: number): DecidedWord | undefined {
  const asked = { key: ask.key, agentUid: ask.agent.uid, invocation: ask.invocation };
  const words = (decided.get(ask.key) ?? []).flatMap((approval) => {
    const { request, decision } = approval.spec;
    if (decision === undefined) return [];
    const scope = decision.for ?? 'Once';
    const { key, invocation, agent } = request;
    const lasting = { key, invocation, agentUid: agent.uid, scope, answer: decision.answer };
    const isOver = lastsMs(approval, now) === 0;
    return isOver || !covers(lasting, asked) ? [] : (wordOf(approval, ask, now) ?? []);
  });
  return strictest(words);
}

/** What is over takes no place, whether somebody decided or not: it is kept for people alone. */
function fullFault({ waiting, ofAgent }: OwnApprovals): string | undefined {
  return ofAgent.filter(isWaiting).length >= maxWaiting.agent || waiting >= maxWaiting.gateway
    ? 'too many earlier calls wait for a decision'
    : undefined;
}

/** undefined: a person is to be asked, or is being asked. */
export function answerAsk(
  world: World,
  gateway: EgressGateway,
  ask: ApprovalAsk,
  now: number,
): ApprovalWord | undefined {
  const fault = faultOf(world, gateway, ask);
  if (fault !== undefined) return { id: ask.id, kind: 'refused', why: fault };
  const { namespace, name } = gateway.metadata;
  const own = world.get(kinds.approval, namespace, approvalName(ask.id));
  if (own !== undefined) {
    if (isOf(own, gateway, ask)) return wordOf(own, ask, now);
    return { id: ask.id, kind: 'refused', why: 'another call has this id' };
  }
  const approvals = ownApprovals(world.list(kinds.approval, namespace), name, ask.agent.uid);
  const lasting = lastingWord(approvals, ask, now);
  if (lasting !== undefined) return lasting;
  const why = fullFault(approvals);
  return why === undefined ? undefined : { id: ask.id, kind: 'refused', why };
}
