/**
 * What one exchange may use of its budget, from the question to the settlement. Apart from the exchange because it settles
 * exactly once, whenever the tokens are granted and however the call ends. It must never settle below what may have been used.
 */
import type { Budget, CountedCaller } from '../../decision/index.ts';
import type { Budgets, Reservation } from '../budget/budgets.ts';
import { computeAsk, computeCap, type TokenAsk } from '../budget/token-ask.ts';
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

interface Counted {
  readonly budget: Budget;
  readonly ask: TokenAsk;
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

  private constructor(counted: Counted | undefined) {
    this.#counted = counted;
  }

  /** undefined: what it would use cannot be told from the body. */
  static of({ budget, operation }: Allowed, body: ReadBody | undefined): Spending | undefined {
    if (budget === undefined) return new Spending(undefined);
    const choices = body?.read?.choices;
    if (operation === undefined || body?.read === undefined || choices === undefined) return undefined;
    const ask = computeAsk(operation, { ...body.read, choices }, lengthOf(body.bytes), budget);
    return new Spending({ budget, ask });
  }

  /** Calls `done` once, at once where it can; with why the call may not go on, or with nothing. */
  reserve(budgets: Budgets, caller: CountedCaller, done: (refused?: failure.Failure) => void): void {
    if (this.#counted === undefined) {
      done();
      return;
    }
    const { budget, ask } = this.#counted;
    const { agentId, invocationId } = caller;
    const asked = { agentId, invocationId, least: ask.least, most: ask.most };
    budgets.reserve(budget, asked, (reserved) => {
      if (reserved.kind !== 'reserved') {
        done(reserved.kind === 'spent' ? failure.budgetSpent(reserved) : failure.budgetUnavailable);
        return;
      }
      this.#reservation = reserved.reservation;
      // The call ended while it waited.
      if (this.#facts === undefined) done();
      else this.end(this.#facts);
    });
  }

  /** The most its answer may hold, to be written into the request; undefined: it may go as it is. */
  get outputCap(): number | undefined {
    if (this.#counted === undefined) return undefined;
    const { budget, ask } = this.#counted;
    return computeCap(ask, this.#reservation?.tokens ?? 0, budget);
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
  end(facts: Facts): { readonly reserved: number; readonly charged: number } | undefined {
    this.#facts ??= facts;
    const ending = { sent: this.#sent, status: this.#status, facts: this.#facts };
    const promised = this.#reservation?.tokens ?? 0;
    const used = this.#reservation === undefined ? 0 : computeUsed(ending, promised);
    this.#reservation?.settle(used);
    for (const lost of this.#lost) lost.settle(lost.tokens);
    if (this.#reservation === undefined && this.#lost.length === 0) return undefined;
    const before = this.#lost.reduce((sum, { tokens }) => sum + tokens, 0);
    return { reserved: before + promised, charged: before + used };
  }
}
