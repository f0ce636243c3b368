/**
 * One call, or one connection, counted under its limits from the question to the settlement. Apart from spending.ts because calls are
 * counted by whether an upstream may have seen them, whatever it answered, and once however often they are tried.
 */
import {
  limitsUnavailable,
  refuseReached,
  type CallCount,
  type CountedCaller,
  type Refusal,
} from '../../decision/index.ts';
import type { Budgets, Counted } from '../budget/budgets.ts';

export class CallCounting {
  readonly #counts: readonly CallCount[];
  #counted: Counted | undefined;
  /** An earlier try may have been seen. */
  #seen = false;
  /** The try that runs may have been. */
  #sent = false;
  #over = false;

  constructor(counts: readonly CallCount[]) {
    this.#counts = counts;
  }

  /** Calls `done` once, at once where it can; with why the call may not go on, or with nothing. */
  begin(budgets: Budgets, { agentId, invocationId }: CountedCaller, done: (refused?: Refusal) => void): void {
    if (this.#counts.length === 0) {
      done();
      return;
    }
    budgets.count(this.#counts, { agentId, invocationId }, (result) => {
      if (result.kind === 'counted') {
        this.#counted = result.counted;
        // The call ended while it waited.
        if (this.#over) this.end();
        done();
      } else done(result.kind === 'reached' ? refuseReached(result.count, result) : limitsUnavailable);
    });
  }

  /** A try begins. */
  trying(): void {
    this.#seen ||= this.#sent;
    this.#sent = false;
  }

  /** Something of it may have reached an upstream. */
  sent(): void {
    this.#sent = true;
  }

  /** `unprocessed`: its upstream cannot have begun with it. */
  failed(unprocessed: boolean): void {
    if (unprocessed) this.#sent = false;
  }

  /** Settles. Safe to repeat. */
  end(): void {
    this.#over = true;
    this.#counted?.settle(this.#seen || this.#sent);
  }
}
