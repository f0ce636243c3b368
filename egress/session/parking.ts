/**
 * One call while a person decides about it: parks it, and tells the exchange once how it goes on. Apart from the exchange because
 * nothing is sent anywhere meanwhile; what the answer means is the decision's (decision/approval.ts).
 */
import type { Boundary } from '../boundary.ts';
import { approvalBounds } from '../../contract/index.ts';
import { refuseAsk, showText, type Ask, type Refusal } from '../../decision/index.ts';
import type { Approvals, Parked, ParkOutcome } from '../approval/approvals.ts';
import type { Peer } from '../pipeline/call.ts';
import type { ApprovalFacts } from '../record/approval-facts.ts';
import { redactTarget } from '../record/redact.ts';
import type { Asked } from './deliberation.ts';
import type { Judgement } from './judgement.ts';

export interface ParkingOwner {
  /** A person allowed what was asked; the call is to be judged again. */
  allowed(): void;
  /** Nobody allowed it. */
  refuse(refusal: Refusal): void;
}

/** What is asked about, and learns the answer. */
type Approvable = Pick<Judgement, 'request' | 'approve'>;

export interface ParkingOptions {
  readonly approvals: Approvals;
  readonly peer: Peer;
  readonly now: () => number;
  readonly boundary: Boundary;
}

const minutes = Math.round((approvalBounds.waitMs / 60_000) * 10) / 10;

/** With its query, keys left out; without arguments that a LoggingPolicy keeps out of records. */
function shownOf({ ask, logging }: Asked, query: string): Ask {
  const { arguments: written, ...call } = ask.call;
  const isHidden = logging?.captureRequest === false;
  const asked = { ...call, ...(written === undefined || isHidden ? {} : { arguments: written }) };
  if (query === '') return { ...ask, call: asked };
  const { text, cut } = showText(redactTarget(query), approvalBounds.shown);
  const part = { query: text, ...(cut ? { cut } : {}) };
  return { ...ask, call: { ...asked, ...part } };
}

export class Parking {
  readonly #owner: ParkingOwner;
  readonly #options: ParkingOptions;
  #parked: Parked | undefined;
  #ask: Ask | undefined;
  #since: number | undefined;
  #facts: ApprovalFacts | undefined;

  constructor(owner: ParkingOwner, options: ParkingOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** For the record: how the last question ended. */
  get facts(): ApprovalFacts | undefined {
    return this.#facts;
  }

  /** It waits for an answer to this very question. */
  isAbout(ask: Ask): boolean {
    return this.#ask?.key === ask.key;
  }

  /** Asks; all questions of one call share its time. */
  begin(asked: Asked, judgement: Approvable): void {
    const { approvals, peer, now, boundary } = this.#options;
    const { ask } = asked;
    this.#since ??= now();
    this.#ask = ask;
    const { agent, agentId, uid: agentUid, invocationId: invocation } = peer;
    const until = this.#since + approvalBounds.waitMs;
    const shown = shownOf(asked, judgement.request.query);
    const done = boundary.guard((outcome: ParkOutcome) => this.#over(ask, outcome, judgement));
    const parked = approvals.park({ agent, agentId, agentUid, invocation, ask: shown, until }, done);
    // It may have been answered at once.
    if (this.#ask === ask) this.#parked = parked;
  }

  #over(ask: Ask, outcome: ParkOutcome, judgement: Approvable): void {
    this.#ask = undefined;
    this.#parked = undefined;
    this.#facts = this.#factsOf(outcome);
    switch (outcome.kind) {
      case 'decided':
        // Denied or not: the decision says what follows.
        judgement.approve(ask.key, outcome.word.answer);
        return this.#owner.allowed();
      case 'timeout':
        return this.#owner.refuse(
          refuseAsk(ask, 'timeout', `nobody decided about this call within ${minutes} minutes`),
        );
      case 'full':
        return this.#owner.refuse(
          refuseAsk(ask, 'full', 'too many calls of this agent, or of all, wait for a person already'),
        );
      case 'unavailable':
        return this.#owner.refuse(
          refuseAsk(ask, 'unavailable', `the call needs a person's approval, and ${outcome.why}`),
        );
      default:
        return outcome satisfies never;
    }
  }

  #factsOf(outcome: ParkOutcome): ApprovalFacts {
    const { now, peer } = this.#options;
    const waitMs = Math.max(0, Math.round(now() - (this.#since ?? now())));
    if (outcome.kind !== 'decided') return { decision: outcome.kind, waitMs };
    const { approval, answer, by, scope, reason } = outcome.word;
    const name = `${peer.agent.namespace}/${approval}`;
    const decision = answer === 'Allow' ? 'allow' : 'deny';
    return { decision, waitMs, name, user: by, scope, ...(reason === undefined ? {} : { reason }) };
  }

  /** Nobody needs the answer any more. Safe to repeat. */
  leave(): void {
    if (this.#ask === undefined) return;
    this.#ask = undefined;
    this.#parked?.leave();
    this.#parked = undefined;
    const { now } = this.#options;
    this.#facts ??= { decision: 'gone', waitMs: Math.max(0, Math.round(now() - (this.#since ?? now()))) };
  }
}
