/**
 * What one exchange may use of its budget, from the question to the settlement. Apart from the exchange because it settles
 * exactly once, whenever the tokens are granted and however the call ends. It must never settle below what may have been used.
 */
import type { Budget } from '../../decision/index.ts';
import { unlimited, type Budgets, type Reservation, type Reserved } from '../budget/budgets.ts';
import { computeAsk, computeCap, type TokenAsk } from '../budget/token-ask.ts';
import type { ReadBody } from '../pipeline/outgoing.ts';
import { credibleCounts, type Facts } from '../providers/index.ts';
import type { Allowed } from './deliberation.ts';
import * as failure from './failure.ts';

/** How the call ended, as far as it decides what is paid for. */
export interface Ending {
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
export function computeUsed(ending: Ending, promised: number): number {
  const { facts } = ending;
  const { inputTokens = 0, outputTokens = 0 } = credibleCounts(facts) ?? {};
  const seen = inputTokens + outputTokens;
  const isTold = facts.usage === 'whole' && credibleCounts(facts) !== undefined;
  if (isTold || isFree(ending, seen)) return seen;
  // Cut short, or never told in earnest: as much as it was promised.
  return Math.max(seen, promised);
}

export class Spending {
  readonly #budget: Budget | undefined;
  /** undefined: nothing counts the call. */
  readonly #ask: TokenAsk | undefined;
  #reservation: Reservation | undefined;
  #sent = false;
  #status: number | undefined;
  #facts: Facts | undefined;

  private constructor(budget: Budget | undefined, ask: TokenAsk | undefined) {
    this.#budget = budget;
    this.#ask = ask;
  }

  /** undefined: what it would use cannot be told from the body. */
  static of({ budget, operation }: Allowed, body: ReadBody | undefined): Spending | undefined {
    if (budget === undefined) return new Spending(undefined, undefined);
    const choices = body?.read?.choices;
    if (operation === undefined || body?.read === undefined || choices === undefined) return undefined;
    const length = body.bytes.reduce((sum, bytes) => sum + bytes.length, 0);
    return new Spending(budget, computeAsk(operation, { ...body.read, choices }, length, budget));
  }

  /** Calls `done` once, at once where it can; with why the call may not go on, or with nothing. */
  reserve(budgets: Budgets, invocationId: string, done: (refused?: failure.Failure) => void): void {
    if (this.#ask === undefined || this.#budget === undefined) {
      done();
      return;
    }
    const { least, most } = this.#ask;
    const answer = (reserved: Reserved): void => {
      if (reserved.kind !== 'reserved') {
        done(reserved.kind === 'spent' ? failure.budgetSpent(reserved) : failure.budgetUnavailable);
        return;
      }
      this.#reservation = reserved.reservation;
      // The call ended while it waited.
      if (this.#facts === undefined) done();
      else this.end(this.#facts);
    };
    if (this.#budget.limits.length === 0) answer({ kind: 'reserved', reservation: unlimited(most) });
    else budgets.reserve(this.#budget, { invocationId, least, most }, answer);
  }

  /** The most its answer may hold, to be written into the request; undefined: it may go as it is. */
  get outputCap(): number | undefined {
    if (this.#ask === undefined || this.#budget === undefined) return undefined;
    return computeCap(this.#ask, this.#reservation?.tokens ?? 0, this.#budget);
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
    if (this.#reservation === undefined) return undefined;
    const { tokens } = this.#reservation;
    const charged = computeUsed({ sent: this.#sent, status: this.#status, facts: this.#facts }, tokens);
    this.#reservation.settle(charged);
    return { reserved: tokens, charged };
  }
}
