/**
 * What one call uses, asked for before it is sent: first it is counted under its limits, then its budget is asked for tokens. Settled
 * when the call is over. Apart from the exchange because both are one matter there; each settles by itself, whatever the other does.
 */
import type { CountedCaller, Refusal } from '../../decision/index.ts';
import type { Boundary } from '../boundary.ts';
import type { Budgets } from '../budget/budgets.ts';
import type { ReadBody } from '../pipeline/outgoing.ts';
import type { Facts } from '../providers/index.ts';
import { CallCounting } from './call-counting.ts';
import { costBoundOf, type PricedBy } from './cost-bound.ts';
import type { Allowed } from './deliberation.ts';
import * as failure from './failure.ts';
import { Spending } from './spending.ts';

/** `granted`, or one of the others, once; none when the call has ended meanwhile. */
export interface CallUseOwner {
  /** False: the call has ended. */
  isReserving(): boolean;
  granted(): void;
  /** Over a limit. */
  overLimit(refusal: Refusal): void;
  fail(reason: failure.Failure): void;
}

export class CallUse {
  readonly spending: Spending;
  readonly counting: CallCounting;

  private constructor(spending: Spending, counting: CallCounting) {
    this.spending = spending;
    this.counting = counting;
  }

  /** Or why nobody can say what it would use. */
  static of(decision: Allowed, body: ReadBody | undefined, by: PricedBy): CallUse | failure.Failure {
    const spending = Spending.of(decision, body, costBoundOf(decision, by));
    return 'status' in spending ? spending : new CallUse(spending, new CallCounting(decision.counts));
  }

  begin(budgets: Budgets, caller: CountedCaller, boundary: Boundary, owner: CallUseOwner): void {
    const promised = boundary.guard((refused?: failure.Failure) => {
      if (!owner.isReserving()) return;
      if (refused === undefined) owner.granted();
      else owner.fail(refused);
    });
    const counted = boundary.guard((refused?: Refusal) => {
      if (!owner.isReserving()) return;
      if (refused === undefined) this.spending.reserve(budgets, caller, promised);
      else owner.overLimit(refused);
    });
    this.counting.begin(budgets, caller, counted);
  }

  /** What its budget says of it, for the record. Safe to repeat. */
  end(log: { readonly facts: Facts; readonly costUsd: number | undefined }): ReturnType<Spending['end']> {
    this.counting.end();
    // Looking a price up costs more than all else here, and most calls are under no budget.
    return this.spending.isCounted ? this.spending.end(log.facts, log.costUsd) : undefined;
  }
}
