/**
 * Which address a name may be dialled at. Pure: look-ups are passed in. Every answer is judged and one bad answer refuses
 * the name (S9: rebinding mixes public and private ones); the address returned is the one that is dialled.
 */
import {
  byRulesAlone,
  decideDestination,
  denialOf,
  isPrivateAddress,
  judgeAddress,
  parseIp,
  type DenyReason,
  type DestinationPolicy,
} from '../contract/index.ts';

export interface DialRequest {
  readonly agentId: string;
  readonly port: number;
  /** The gateway owner's pins; they may name private addresses (never reserved or platform ones). */
  readonly pinned: readonly string[] | undefined;
  /** Without TLS by a Backend's word: private addresses alone. */
  readonly plain?: true | undefined;
}

export type DialVerdict =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: DenyReason };

function namedByCidr(policy: DestinationPolicy, request: DialRequest, ip: string): boolean {
  const { agentId, port } = request;
  // Only a rule whose CIDR holds the address counts.
  return decideDestination(byRulesAlone(policy), { agent: agentId, ip, port }).open;
}

export function judgeAnswers(
  policy: DestinationPolicy,
  request: DialRequest,
  answers: readonly string[],
): DialVerdict {
  const isPinned = request.pinned !== undefined;
  const { agentId, port } = request;
  for (const ip of answers) {
    const denial = denialOf(policy, { agent: agentId, ip, port });
    if (denial !== undefined) return { kind: 'refused', reason: 'deny_policy' };
    const reason = judgeAddress(policy, ip, isPinned || namedByCidr(policy, request, ip));
    if (reason !== undefined) return { kind: 'refused', reason };
    if (request.plain === true && !isNear(ip)) return { kind: 'refused', reason: 'protocol' };
  }
  return { kind: 'addresses', addresses: answers };
}

function isNear(ip: string): boolean {
  const address = parseIp(ip);
  return address !== undefined && isPrivateAddress(address);
}

/**
 * Where the gateway itself may go on behalf of its owner, who named the place: private ranges as well, and never what is reserved or
 * the platform's. What routes open to agents, and what is denied to them, is about agents. `mayBePrivate` false: somebody named the
 * place who is not the owner, and the owner did not pin it.
 */
export function judgeOwnAnswers(
  policy: DestinationPolicy,
  answers: readonly string[],
  mayBePrivate = true,
): DialVerdict {
  const judged = answers.map((ip) => judgeAddress(policy, ip, mayBePrivate));
  const reason = judged.find((each) => each !== undefined);
  return reason === undefined ? { kind: 'addresses', addresses: answers } : { kind: 'refused', reason };
}
