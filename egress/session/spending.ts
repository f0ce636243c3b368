/**
 * What one exchange may use of its budget, in tokens and in money, from the question to the settlement. Apart from the exchange because it settles
 * exactly once, whenever the tokens are granted and however the call ends. It must never settle below what may have been used.
 */
import type { NanoUsd } from '../../contract/index.ts';
import {
  answersWide,
  refuseSpent,
  refuseUnpriced,
  renamedModel,
  useUnavailable,
  type Budget,
  type CountedCaller,
} from '../../decision/index.ts';
import type { Budgets, Reservation } from '../budget/budgets.ts';
import { refusesCap } from '../budget/output-cap.ts';
import {
  computeAsk,
  computeCap,
  computeCostAsk,
  computeCostCap,
  computeOpenCap,
  goingOn,
  type CostAsk,
  type CostBound,
  type TokenAsk,
} from '../budget/token-ask.ts';
import { lengthOf, type ReadBody } from '../pipeline/outgoing.ts';
import type { Facts } from '../providers/index.ts';
import { chatCodecOf, type ChatCodec } from '../translation/index.ts';
import type { AnswerBound } from './answer-use.ts';
import type { Allowed } from './deliberation.ts';
import * as failure from './failure.ts';
import { computeCost, computeUsed, sumSpent, type Ending, type Spent } from './settlement.ts';

interface Counted {
  readonly budget: Budget;
  readonly ask: TokenAsk;
  readonly cost: CostAsk | undefined;
  readonly bound: CostBound;
  /** Its answer may be larger than what it is counted with, where nothing limits it. */
  readonly isWide: boolean;
  /** In which its answer comes where it is not translated. */
  readonly codec: ChatCodec | undefined;
}

function isWide({ operation, model, candidates }: Allowed, body: ReadBody): boolean {
  const { read } = body;
  if (operation !== undefined && read !== undefined && refusesCap(operation, read)) return true;
  return candidates.some(({ backend }) => answersWide(renamedModel(backend, model) ?? ''));
}

export class Spending {
  /** undefined: nothing counts the call. */
  readonly #counted: Counted | undefined;
  #reservation: Reservation | undefined;
  /** Of tries that may have used all of it and told nothing. */
  readonly #lost: Reservation[] = [];
  #sent = false;
  #status: number | undefined;
  /** When the call ended. */
  #told: Pick<Ending, 'facts' | 'costUsd' | 'seenOutput'> | undefined;

  private constructor(counted: Counted | undefined) {
    this.#counted = counted;
  }

  /** Does a budget count the call? */
  get isCounted(): boolean {
    return this.#counted !== undefined;
  }

  /** Or why what it would use, or cost, cannot be told. */
  static of(
    decision: Allowed,
    body: ReadBody | undefined,
    bound: CostBound,
    carried: number,
  ): Spending | failure.Failure {
    const { budget, operation, schema, model } = decision;
    if (budget === undefined) return new Spending(undefined);
    const choices = body?.read?.choices;
    if (operation === undefined || body?.read === undefined || choices === undefined) {
      return failure.budgetUnreadable;
    }
    const asked = computeAsk(operation, { ...body.read, choices }, lengthOf(body.bytes), budget);
    const ask = goingOn(asked, carried);
    const counted = { budget, ask, bound, isWide: isWide(decision, body), codec: chatCodecOf(operation) };
    if (budget.costs === undefined) return new Spending({ ...counted, cost: undefined });
    const cost = computeCostAsk(ask, bound);
    if (cost === undefined) return failure.ofRefusal(refuseUnpriced(schema, model));
    return new Spending({ ...counted, cost });
  }

  /** Calls `done` once, at once where it can; with why the call may not go on, or with nothing. */
  reserve(budgets: Budgets, caller: CountedCaller, done: (refused?: failure.Failure) => void): void {
    if (this.#counted === undefined) {
      done();
      return;
    }
    const { budget, ask, cost } = this.#counted;
    const { agentId, invocationId } = caller;
    const asked = { agentId, invocationId, least: ask.least, most: ask.most, cost };
    budgets.reserve(budget, asked, (reserved) => {
      if (reserved.kind !== 'reserved') {
        const refusal = reserved.kind === 'spent' ? refuseSpent(reserved, ask.least) : useUnavailable;
        done(failure.ofRefusal(refusal));
        return;
      }
      this.#reservation = reserved.reservation;
      // The call ended while it waited.
      if (this.#told === undefined) done();
      else this.end(this.#told.facts, this.#told.costUsd);
    });
  }

  /** The most its answer may hold, to be written into the request; undefined: it may go as it is. */
  get outputCap(): number | undefined {
    if (this.#counted === undefined) return undefined;
    const { budget, ask, cost, isWide: wide } = this.#counted;
    const { tokens = 0, nanoUsd } = this.#reservation ?? {};
    const ofTokens = computeCap(ask, tokens, budget);
    const ofMoney = cost === undefined ? undefined : computeCostCap(ask, cost, nanoUsd ?? (0 as NanoUsd));
    const all = [ofTokens, ofMoney, computeOpenCap(ask, wide)].filter((cap) => cap !== undefined);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  /** What is counted with for one answer; undefined: nobody counts. */
  get outputBound(): number | undefined {
    return this.#counted?.ask.output;
  }

  /** How much of an answer goes on; undefined: nobody counts, or there is none to count. */
  get answerBound(): AnswerBound | undefined {
    if (this.#counted === undefined) return undefined;
    const { ask, codec } = this.#counted;
    const tokens = (this.outputCap ?? ask.output) * ask.choices;
    return tokens === 0 ? undefined : { tokens, codec };
  }

  /** Has the try that failed perhaps used what was promised? `unprocessed`: its upstream cannot have begun. */
  mayHaveUsed(unprocessed: boolean): boolean {
    return this.#counted !== undefined && this.#sent && !unprocessed;
  }

  /** The upstream of the try did not begin with it, or refused it: what was promised is there for the next one. */
  unused(): void {
    this.#sent = false;
  }

  /** As `reserve`, for another try: what was promised to the one before stays charged. */
  reserveAgain(budgets: Budgets, caller: CountedCaller, done: (refused?: failure.Failure) => void): void {
    if (this.#reservation !== undefined) this.#lost.push(this.#reservation);
    this.#reservation = undefined;
    this.#sent = false;
    this.#status = undefined;
    this.reserve(budgets, caller, done);
  }

  /** Something of the request may have reached an upstream. */
  sent(): void {
    this.#sent = true;
  }

  /** The upstream's own status. */
  answered(status: number): void {
    this.#status = status;
  }

  /** Settles. Safe to repeat. undefined: nothing was promised. */
  end(facts: Facts, costUsd: number | undefined, seenOutput = 0): Spent | undefined {
    this.#told ??= { facts, costUsd, seenOutput };
    const ending = { sent: this.#sent, status: this.#status, ...this.#told };
    for (const lost of this.#lost) lost.settle(lost.tokens, lost.nanoUsd);
    const last = this.#reservation && this.#settle(this.#reservation, ending);
    return sumSpent(this.#lost, last);
  }

  #settle(reservation: Reservation, ending: Ending): Spent {
    const { tokens, nanoUsd } = reservation;
    const used = computeUsed(ending, tokens);
    const bound = this.#counted?.bound;
    const spent = { reserved: tokens, charged: used };
    if (nanoUsd === undefined || bound === undefined) {
      reservation.settle(used);
      return spent;
    }
    const cost = computeCost(ending, nanoUsd, bound);
    reservation.settle(used, cost);
    return { ...spent, cost: { reserved: nanoUsd, charged: cost } };
  }
}
