/**
 * What one call uses, asked for before it is sent: first it is counted under its limits, then its budget is asked for tokens. Settled
 * when the call is over. Apart from the exchange because both are one matter there; each settles by itself, whatever the other does.
 */
import { renderLimits, type CountedCaller, type Refusal, type ToldLimit } from '../../decision/index.ts';
import type { Boundary } from '../boundary.ts';
import type { Budgets } from '../budget/budgets.ts';
import { createField, type Field } from '../http1/index.ts';
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

  readonly #limits: readonly ToldLimit[];

  private constructor(spending: Spending, { counts, budget }: Pick<Allowed, 'counts' | 'budget'>) {
    this.spending = spending;
    this.counting = new CallCounting(counts);
    this.#limits = [...counts.map(({ limit }) => limit), ...(budget?.limits ?? []), ...(budget?.costs ?? [])];
  }

  /** Or why nobody can say what it would use. `carried`: tokens of what its server keeps and reads again. */
  static of(
    decision: Allowed,
    body: ReadBody | undefined,
    by: PricedBy,
    carried = 0,
  ): CallUse | failure.Failure {
    const spending = Spending.of(decision, body, costBoundOf(decision, by), carried);
    return 'status' in spending ? spending : new CallUse(spending, decision);
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

  /** What the agent is told of the limits it is under, as they stand now. */
  limitFields(budgets: Budgets, caller: CountedCaller): Field[] {
    if (this.#limits.length === 0) return [];
    return renderLimits(budgets.stateOf(this.#limits, caller)).map(([name, value]) =>
      createField(name, value),
    );
  }

  /** What its budget says of it, for the record. Safe to repeat. */
  end(
    log: { readonly facts: Facts; readonly costUsd: number | undefined },
    seenOutput?: number,
  ): ReturnType<Spending['end']> {
    this.counting.end();
    // Looking a price up costs more than all else here, and most calls are under no budget.
    return this.spending.isCounted ? this.spending.end(log.facts, log.costUsd, seenOutput) : undefined;
  }
}
