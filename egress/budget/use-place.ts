/** In which count of the ledger the tokens, or the money, of a call are taken, and when that count begins anew. Pure. */
import { budgetLedger, utcDay, type BudgetWarning, type LedgerKey } from '../../contract/index.ts';
import { placeOf, type CountedCaller, type CountPlace, type UseLimit } from '../../decision/index.ts';

const dayMs = 24 * 60 * 60_000;

/** Two counts never have the same. */
export const nameOf = ({ account, period }: LedgerKey): string => JSON.stringify([account, period]);

export function placeOfUse(limit: UseLimit, caller: CountedCaller, at: number): CountPlace {
  const { account } = limit;
  if (limit.period === 'window') {
    const { key, endsAt } = placeOf(limit, caller, at);
    return { key: { ...key, period: `tokens/${key.period}` }, endsAt };
  }
  const unit = 'nanoUsd' in limit ? 'usd/' : '';
  // What is left of a day goes back, for calls that are settled late.
  const endsAt = undefined;
  return limit.period === 'day'
    ? { key: { account, period: `${unit}day/${utcDay(at)}` }, endsAt }
    : {
        key: { account, period: `${unit}run/${caller.invocationId}`, ttlMs: budgetLedger.executionTtlMs },
        endsAt,
      };
}

/** What a period of `placeOfUse` counts in which day; undefined: it is no day's. */
export function dayOfPeriod(period: string): Pick<BudgetWarning, 'unit' | 'day'> | undefined {
  const [, usd, day] = /^(usd\/)?day\/(\d{4}-\d\d-\d\d)$/.exec(period) ?? [];
  return day === undefined ? undefined : { unit: usd === undefined ? 'tokens' : 'nanoUsd', day };
}

/** Unix milliseconds; undefined: never. */
export function resetOf(limit: UseLimit, caller: CountedCaller, at: number): number | undefined {
  if (limit.period === 'window') return placeOf(limit, caller, at).endsAt;
  return limit.period === 'day' ? (Math.floor(at / dayMs) + 1) * dayMs : undefined;
}
