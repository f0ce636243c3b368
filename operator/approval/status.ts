/** How an Approval stands. Pure. */
import { previousConditions } from '../pending.ts';
import type { Approval } from '../kind.ts';
import { setConditions, summaryFindings } from '../runtime/index.ts';
import { lastsMs } from './answer.ts';
import type { HeardAsk } from './asks.ts';

export type Phase = NonNullable<NonNullable<Approval['status']>['phase']>;
export type CallState = NonNullable<NonNullable<Approval['status']>['call']>;

const callStates = { waiting: 'Waiting', went: 'Went', refused: 'Refused', gone: 'Gone' } as const;

/** What became of the call; whoever is silent is gone. */
export function callStateOf(approval: Approval, heard: HeardAsk | undefined, isSilent: boolean): CallState {
  const before = approval.status?.call;
  if (before !== undefined && before !== 'Waiting') return before;
  const said = heard === undefined ? 'Waiting' : callStates[heard.ask.state];
  return said === 'Waiting' && isSilent ? 'Gone' : said;
}

function phaseOf(approval: Approval, call: CallState, now: number): Phase {
  const { decision } = approval.spec;
  if (decision === undefined) return call === 'Waiting' ? 'Pending' : 'Expired';
  const isOnce = (decision.for ?? 'Once') === 'Once';
  // Decided about after the call was over.
  if (isOnce && approval.status?.phase === 'Expired') return 'Expired';
  if (!isOnce && lastsMs(approval, now) === 0) return 'Expired';
  return decision.answer === 'Allow' ? 'Allowed' : 'Denied';
}

const messages: Readonly<Record<Phase, string>> = {
  Pending: 'the call waits for a person: clrk approvals allow or deny',
  Allowed: 'a person allowed it',
  Denied: 'a person denied it',
  Expired: 'nobody decided in time, or the answer holds no more',
};

function validUntil(approval: Approval, now: number): string | undefined {
  if (approval.status?.validUntil !== undefined) return approval.status.validUntil;
  const ms = lastsMs(approval, now);
  return ms === 0 ? undefined : new Date(now + ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

export function approvalStatus(
  approval: Approval,
  call: CallState,
  now: number,
): Approval['status'] & object {
  const phase = phaseOf(approval, call, now);
  const until = validUntil(approval, now);
  const generation = approval.metadata.generation ?? 0;
  const state = phase === 'Pending' ? 'pending' : 'ready';
  const findings = summaryFindings({ state, reason: phase, message: messages[phase] });
  const conditions = setConditions(findings, { previous: previousConditions(approval), generation, now });
  return {
    observedGeneration: generation,
    phase,
    call,
    ...(until === undefined ? {} : { validUntil: until }),
    conditions: conditions as NonNullable<NonNullable<Approval['status']>['conditions']>,
  };
}
