/** The thresholds of budgets of today that are known to be passed: what this gateway says of them to the operator. Bounded. */
import { maxWarnings, parseMark, utcDay, type BudgetWarning, type LedgerKey } from '../../contract/index.ts';
import { dayOfPeriod } from './use-place.ts';

export class Warnings {
  readonly #onChanged: () => void;
  readonly #known = new Map<string, BudgetWarning>();

  constructor(onChanged: () => void) {
    this.#onChanged = onChanged;
  }

  get all(): readonly BudgetWarning[] {
    return [...this.#known.values()];
  }

  /** What the ledger has noted of this count. */
  learn(key: LedgerKey, marks: readonly string[]): void {
    const of = dayOfPeriod(key.period);
    if (of === undefined) return;
    for (const mark of marks) {
      const parsed = parseMark(mark);
      const name = JSON.stringify([key.account, key.period, mark]);
      if (parsed === undefined || this.#known.has(name) || this.#known.size >= maxWarnings) continue;
      this.#known.set(name, { account: key.account, ...of, ...parsed });
      this.#onChanged();
    }
  }

  /** A day that is over concerns nobody. */
  tidy(unixMs: number): void {
    const today = utcDay(unixMs);
    for (const [name, { day }] of this.#known) {
      if (day >= today) continue;
      this.#known.delete(name);
      this.#onChanged();
    }
  }
}
