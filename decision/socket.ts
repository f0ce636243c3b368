/**
 * What one message of an open WebSocket may do. A socket is opened as one call, and each message by which an agent asks for a response
 * is a call again, judged by the same rules: what a socket was opened for binds none of them. Pure.
 */
import { refuse, type Call, type CallBody, type Refusal } from './call.ts';
import { decide } from './decide.ts';
import type { Candidate, Decision } from './decision.ts';
import type { SitePlan } from './plan.ts';

/** The message of an open socket as a call. `opened`: the call that asked for the socket. */
export function callOfMessage(opened: Call, body: CallBody, rest: Pick<Call, 'head' | 'approvals'>): Call {
  return { ...opened, ...rest, message: true, body };
}

const elsewhere: Refusal = {
  ...refuse(
    403,
    'model',
    'the rule that takes this model sends it elsewhere, or with another key, than this WebSocket goes; ask for it by HTTP',
  ),
  code: 'SOCKET_ELSEWHERE',
};

type Judged = Exclude<Decision, { kind: 'need-body' }>;

/** `isWay`: whether the open socket goes this way, with this key. What is allowed has that one candidate. */
export function decideMessage(plan: SitePlan, call: Call, isWay: (candidate: Candidate) => boolean): Judged {
  const decision = decide(plan, call);
  if (decision.kind === 'need-body') throw new Error('a message that was read is read');
  const allowed = decision.kind === 'ask' ? decision.allowed : decision;
  if (allowed.kind !== 'allow') return decision;
  const candidate = allowed.candidates.find((each) => each.translation === undefined && isWay(each));
  if (candidate === undefined) {
    const { route, schema, operation, model, mcp, logging } = allowed;
    return { ...{ route, schema, operation, model, mcp, logging }, kind: 'refuse', refusal: elsewhere };
  }
  const own = { ...allowed, candidates: [candidate] as const };
  return decision.kind === 'ask' ? { ...decision, allowed: own } : own;
}
