/**
 * Answers of persons that hold for an agent's next calls: how long each lasts, and which of several is in force at a moment. Pure;
 * the moment comes in. An answer about one call or one invocation is none of them.
 */
import {
  approvalTtl,
  parseApprovalTtl,
  type ApprovalAnswer,
  type ApprovalScope,
  type AskedCall,
} from '../contract/index.ts';
import { strictest, type AskingRule } from './approval.ts';

/** A decision as an Approval has it, and when the operator said it ends. */
export interface TimedAnswer {
  /** Unset means Once. */
  readonly scope: ApprovalScope | undefined;
  /** As written; unset means the usual. */
  readonly ttl: string | undefined;
  /** RFC 3339; undefined: the operator has not seen it yet. */
  readonly validUntil: string | undefined;
}

/** How long it holds for other calls; 0: not at all. */
export function answerLastsMs({ scope = 'Once', ttl, validUntil }: TimedAnswer, now: number): number {
  if (scope === 'Once') return 0;
  const until = Date.parse(validUntil ?? '');
  if (Number.isNaN(until)) return parseApprovalTtl(ttl ?? '') ?? approvalTtl.usualMs;
  return Math.max(0, until - now);
}

/** What a person decided about all of an agent's calls like this one. */
export interface StandingAnswer {
  /** `ns/name` of the Approval. */
  readonly approval: string;
  /** `TaskAgent/ns/name` */
  readonly agent: string;
  /** `ns/name` */
  readonly gateway: string;
  /** Whose rule asks. */
  readonly route: AskingRule;
  /** Calls with the same one are covered. */
  readonly key: string;
  readonly call: AskedCall;
  readonly answer: ApprovalAnswer;
  /** The Kubernetes user. */
  readonly by: string;
  /** RFC 3339, whole seconds. */
  readonly until: string;
}

/** Those that let calls pass, of answers in force: a denial wins, and of several the one that lasts longest is told. */
export function allowedBy(answers: readonly StandingAnswer[]): StandingAnswer[] {
  const groups = new Map<string, StandingAnswer[]>();
  for (const each of answers) {
    const id = JSON.stringify([each.agent, each.gateway, each.key]);
    groups.set(id, [...(groups.get(id) ?? []), each]);
  }
  return [...groups.values()].flatMap((group) => {
    const longest = group.sort((a, b) => (rankOf(a) > rankOf(b) ? -1 : 1));
    const strict = strictest(longest);
    return strict?.answer === 'Allow' ? [strict] : [];
  });
}

const rankOf = ({ until, approval }: StandingAnswer): string => `${until} ${approval}`;
