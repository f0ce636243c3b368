/**
 * What one exchange may use of its budget, in tokens and in money, from the question to the settlement. Apart from the exchange because it settles
 * exactly once, whenever the tokens are granted and however the call ends. It must never settle below what may have been used.
 */
import { nanoUsdOf, type NanoUsd } from '../../contract/index.ts';
import {
  refuseSpent,
  refuseUnpriced,
  useUnavailable,
  type Budget,
  type CountedCaller,
} from '../../decision/index.ts';
import type { Budgets, Reservation } from '../budget/budgets.ts';
import {
  computeAsk,
  computeCap,
  computeCostAsk,
  computeCostCap,
  type CostAsk,
  type CostBound,
  type TokenAsk,
} from '../budget/token-ask.ts';
import { lengthOf, type ReadBody } from '../pipeline/outgoing.ts';
import { credibleCounts, sumOf, type Facts } from '../providers/index.ts';
import type { Allowed } from './deliberation.ts';
import * as failure from './failure.ts';

/** How the call ended, as far as it decides what is paid for. */
interface Ending {
  /** The request was, or may have been, on its way to an upstream. */
  readonly sent: boolean;
  /** The upstream's own; undefined: it did not answer. */
  readonly status: number | undefined;
  readonly facts: Facts;
  /** What the answer's usage costs; undefined: nobody can say. */
  readonly costUsd: number | undefined;
}

/** What a call was promised and what it is charged. */
export interface Spent {
  readonly reserved: number;
  readonly charged: number;
  /** In billionths of a US dollar; absent: no limit is in money. */
  readonly cost?: { readonly reserved: number; readonly charged: number };
}

/** A call that no upstream saw, or that one refused, costs nothing but what it says it does. */
function isFree({ sent, status }: Ending, seen: number): boolean {
  return !sent || (status !== undefined && status >= 400 && seen === 0);
}

/** Input and output of a call, where both are told whole and make sense. */
function computeUsed(ending: Ending, promised: number): number {
  const counts = credibleCounts(ending.facts);
  const seen = sumOf(counts?.inputTokens, counts?.outputTokens) ?? 0;
  const isTold = counts !== undefined && ending.facts.usage === 'whole';
  if (isTold || isFree(ending, seen)) return seen;
  // Cut short, or never told in earnest: as much as it was promised.
  return Math.max(seen, promised);
}

/** The same in money. What is told and has no price costs as much as was promised, or as so many tokens at most do. */
function computeCost(ending: Ending, promised: NanoUsd, bound: CostBound): NanoUsd {
  const exact = ending.costUsd === undefined ? undefined : nanoUsdOf(ending.costUsd);
  const counts = credibleCounts(ending.facts);
  const seen = sumOf(counts?.inputTokens, counts?.outputTokens) ?? 0;
  if (isFree(ending, seen)) return 0 as NanoUsd;
  if (exact !== undefined && ending.facts.usage === 'whole') return exact;
  const told = bound(counts?.inputTokens ?? 0, counts?.outputTokens ?? 0) ?? 0;
  return Math.max(told, promised) as NanoUsd;
}

interface Counted {
  readonly budget: Budget;
  readonly ask: TokenAsk;
  readonly cost: CostAsk | undefined;
  readonly bound: CostBound;
}

export class Spending {
  /** undefined: nothing counts the call. */
  readonly #counted: Counted | undefined;
  #reservation: Reservation | undefined;
  /** Of tries that may have used all of it and told nothing. */
  readonly #lost: Reservation[] = [];
  #sent = false;
  #status: number | undefined;
  #facts: Facts | undefined;
  #costUsd: number | undefined;

  private constructor(counted: Counted | undefined) {
    this.#counted = counted;
  }

  /** Or why what it would use, or cost, cannot be told. */
  static of(
    { budget, operation, schema, model }: Allowed,
    body: ReadBody | undefined,
    bound: CostBound,
  ): Spending | failure.Failure {
    if (budget === undefined) return new Spending(undefined);
    const choices = body?.read?.choices;
    if (operation === undefined || body?.read === undefined || choices === undefined) {
      return failure.budgetUnreadable;
    }
    const ask = computeAsk(operation, { ...body.read, choices }, lengthOf(body.bytes), budget);
    const cost = budget.costs === undefined ? undefined : computeCostAsk(ask, bound);
    if (budget.costs !== undefined && cost === undefined) {
      return failure.ofRefusal(refuseUnpriced(schema, model));
    }
    return new Spending({ budget, ask, cost, bound });
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
      if (this.#facts === undefined) done();
      else this.end(this.#facts, this.#costUsd);
    });
  }

  /** The most its answer may hold, to be written into the request; undefined: it may go as it is. */
  get outputCap(): number | undefined {
    if (this.#counted === undefined) return undefined;
    const { budget, ask, cost } = this.#counted;
    const { tokens = 0, nanoUsd } = this.#reservation ?? {};
    const ofTokens = computeCap(ask, tokens, budget);
    const ofMoney = cost === undefined ? undefined : computeCostCap(ask, cost, nanoUsd ?? (0 as NanoUsd));
    if (ofTokens === undefined || ofMoney === undefined) return ofTokens ?? ofMoney;
    return Math.min(ofTokens, ofMoney);
  }

  /** What is counted with for one answer; undefined: nobody counts. */
  get outputBound(): number | undefined {
    return this.#counted?.ask.output;
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
  end(facts: Facts, costUsd: number | undefined): Spent | undefined {
    if (this.#facts === undefined) this.#costUsd = costUsd;
    this.#facts ??= facts;
    const told = { facts: this.#facts, costUsd: this.#costUsd };
    const ending = { sent: this.#sent, status: this.#status, ...told };
    const reservation = this.#reservation;
    for (const lost of this.#lost) lost.settle(lost.tokens, lost.nanoUsd);
    if (reservation === undefined && this.#lost.length === 0) return undefined;
    const used = reservation === undefined ? 0 : computeUsed(ending, reservation.tokens);
    const { nanoUsd } = reservation ?? {};
    const bound = this.#counted?.bound;
    const paid =
      nanoUsd === undefined || bound === undefined ? undefined : computeCost(ending, nanoUsd, bound);
    reservation?.settle(used, paid);
    const before = sumLost(this.#lost, ({ tokens }) => tokens);
    const spent = { reserved: before + (reservation?.tokens ?? 0), charged: before + used };
    if (this.#counted?.cost === undefined) return spent;
    const lostCost = sumLost(this.#lost, (lost) => lost.nanoUsd ?? 0);
    return { ...spent, cost: { reserved: lostCost + (nanoUsd ?? 0), charged: lostCost + (paid ?? 0) } };
  }
}

function sumLost(lost: readonly Reservation[], of: (each: Reservation) => number): number {
  return lost.reduce((sum, each) => sum + of(each), 0);
}
