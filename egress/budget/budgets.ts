/**
 * All budgets and limits of one gateway process. A call reserves in each of its limits or in none; when it is over it settles each by
 * what it used. Bounded, with a share for each agent: what cannot be counted now is not let through. It must never grant what was
 * not leased.
 */
import { EqualShares, type BudgetWarning, type NanoUsd } from '../../contract/index.ts';
import {
  capOf,
  placeOf,
  secondsTo,
  type Budget,
  type CallCount,
  type CountedCaller,
  type CountPlace,
  type LimitState,
  type ToldLimit,
  type SpentUse,
  type UseLimit,
} from '../../decision/index.ts';
import { Account, type Grant } from './account.ts';
import type { Ledger } from './ledger.ts';
import { nameOf, placeOfUse, resetOf } from './use-place.ts';
import { Warnings } from './warnings.ts';

/** Tokens, and money, promised to one call. */
export interface Reservation {
  readonly tokens: number;
  /** undefined: no limit is in money. */
  readonly nanoUsd: NanoUsd | undefined;
  /** Once. `used`: what the call used in the end; `cost`: what it cost. */
  settle(used: number, cost?: NanoUsd): void;
}

export type Reserved =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  | ({ readonly kind: 'spent' } & SpentUse)
  | { readonly kind: 'unavailable' };

/** A call that is counted under all its limits. */
export interface Counted {
  /** Once. False: no upstream can have seen it, so it was none. */
  settle(made: boolean): void;
}

export type CountResult =
  | { readonly kind: 'counted'; readonly counted: Counted }
  /** `at`, `endsAt`: Unix milliseconds. */
  | {
      readonly kind: 'reached';
      readonly count: CallCount;
      readonly at: number;
      readonly endsAt: number | undefined;
    }
  | { readonly kind: 'unavailable' };

/** With less than `least` a call is refused; it is granted no more than `most`. */
export interface Asked<Amount extends number = number> {
  readonly least: Amount;
  readonly most: Amount;
}

export interface Caller extends CountedCaller, Asked {
  /** What it may cost; undefined: nobody knows, so it is let through under no limit in money. */
  readonly cost?: Asked<NanoUsd> | undefined;
}

export interface BudgetsOptions {
  readonly ledger: Ledger;
  /** Unix milliseconds, of a clock that nobody sets: how long ago something was. */
  readonly now: () => number;
  /** What the wall clock says: which day and which window it is. Absent: the same. */
  readonly unixMs?: () => number;
  /** A threshold of a budget was passed, or one of `warnings` is over. */
  readonly onWarned?: () => void;
}

/** Executions, windows and days with calls under way, or in the last seconds. */
export const maxAccounts = 20_000;
/** Of these, of one agent: it cannot keep the others from being counted (S54). */
export const maxAccountsOfAgent = maxAccounts / 4;

type Unit = 'tokens' | 'nanoUsd' | 'calls';

interface Taken {
  readonly account: Account;
  readonly unit: Unit;
  /** Of `unit`. */
  readonly tokens: number;
}

/** What a call asks of one account. */
interface Ask extends Asked {
  readonly place: CountPlace;
  readonly unit: Unit;
  readonly cap: number;
  readonly warnAt: readonly number[];
}

type Outcome =
  | { readonly kind: 'taken'; readonly taken: readonly Taken[] }
  /** The ask of this index. */
  | { readonly kind: 'spent'; readonly index: number; readonly left: number }
  | { readonly kind: 'unavailable' };

interface Known {
  readonly account: Account;
  readonly agentId: string;
  readonly endsAt: number | undefined;
}

export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #accounts = new Map<string, Known>();
  /** How many of them each agent opened. */
  readonly #shares = new EqualShares(maxAccountsOfAgent);

  readonly #warnings: Warnings;

  constructor(options: BudgetsOptions) {
    this.#options = options;
    this.#warnings = new Warnings(() => options.onWarned?.());
  }

  /** Thresholds of budgets of today that are passed. */
  get warnings(): readonly BudgetWarning[] {
    return this.#warnings.all;
  }

  get size(): number {
    return this.#accounts.size;
  }

  get #unixMs(): number {
    return (this.#options.unixMs ?? this.#options.now)();
  }

  /** Calls `done` once, at once where it can. A budget without limits, which only caps answers, promises what is asked. */
  reserve({ limits, costs = [] }: Budget, caller: Caller, done: (reserved: Reserved) => void): void {
    const at = this.#unixMs;
    const all: readonly UseLimit[] = [...limits, ...costs];
    const asks = all.flatMap((limit) => askOf(limit, caller, at) ?? []);
    if (asks.length < all.length) {
      done({ kind: 'unavailable' });
      return;
    }
    this.#take(asks, caller.agentId, (outcome) => {
      if (outcome.kind === 'taken') {
        done({ kind: 'reserved', reservation: reservationOf(outcome.taken, caller) });
      } else if (outcome.kind === 'spent') {
        const limit = all[outcome.index];
        if (limit === undefined) done({ kind: 'unavailable' });
        else done({ kind: 'spent', limit, left: outcome.left, at, resetsAt: resetOf(limit, caller, at) });
      } else done(outcome);
    });
  }

  /** Calls `done` once, at once where it can: counted under all of them or under none. */
  count(counts: readonly CallCount[], caller: CountedCaller, done: (result: CountResult) => void): void {
    const at = this.#unixMs;
    const asks = counts.map(({ limit, calls }) => ({
      place: placeOf(limit, caller, at),
      ...{ unit: 'calls' as const, cap: limit.calls, least: calls, most: calls, warnAt: [] },
    }));
    this.#take(asks, caller.agentId, (outcome) => {
      if (outcome.kind === 'taken') {
        const settle = (made: boolean): void => {
          for (const { account, tokens } of outcome.taken) account.settle(tokens, made ? tokens : 0);
        };
        done({ kind: 'counted', counted: { settle: once(settle) } });
      } else if (outcome.kind === 'spent') {
        const count = counts[outcome.index];
        const endsAt = asks[outcome.index]?.place.endsAt;
        if (count === undefined) done({ kind: 'unavailable' });
        else done({ kind: 'reached', count, at, endsAt });
      } else done(outcome);
    });
  }

  /** How each of these limits stands for this caller now, as far as this gateway knows. Asks nobody, and counts nothing. */
  stateOf(limits: readonly ToldLimit[], caller: CountedCaller): LimitState[] {
    const at = this.#unixMs;
    return limits.map((limit) => {
      const { key, endsAt } = 'calls' in limit ? placeOf(limit, caller, at) : placeOfUse(limit, caller, at);
      const resetsAt = 'calls' in limit ? endsAt : resetOf(limit, caller, at);
      const left = this.#accounts.get(nameOf(key))?.account.left(capOf(limit));
      return { limit, left, seconds: resetsAt === undefined ? undefined : secondsTo(at, resetsAt) };
    });
  }

  /** From time to time. `now`: everything that can be given back is. */
  tidy(now = false): void {
    const at = this.#unixMs;
    this.#warnings.tidy(at);
    for (const [key, { account, agentId, endsAt }] of this.#accounts) {
      // Nobody can use what is left of a window that is over, so nobody is told.
      const isPast = endsAt !== undefined && at >= endsAt && account.isOver;
      if (!isPast) account.tidy(now);
      if (!isPast && !account.isEmpty) continue;
      this.#accounts.delete(key);
      this.#shares.give(agentId);
    }
  }

  /** One after the other, each with no more than the ones before granted of the same unit. */
  #take(
    asks: readonly Ask[],
    agentId: string,
    done: (outcome: Outcome) => void,
    taken: readonly Taken[] = [],
  ): void {
    const index = taken.length;
    const ask = asks[index];
    if (ask === undefined) {
      done({ kind: 'taken', taken });
      return;
    }
    const refuse = (outcome: Outcome): void => {
      for (const each of taken) each.account.settle(each.tokens, 0);
      done(outcome);
    };
    const account = this.#accountOf(ask.place, agentId);
    if (account === undefined) {
      refuse({ kind: 'unavailable' });
      return;
    }
    account.reserve({
      ...{ cap: ask.cap, warnAt: ask.warnAt, least: ask.least, most: ask.most },
      done: (grant: Grant) => {
        if (grant.kind === 'spent') refuse({ kind: 'spent', index, left: grant.left });
        else if (grant.kind === 'unavailable') refuse(grant);
        else {
          const { tokens } = grant;
          const { unit } = ask;
          const narrow = (each: Ask): Ask =>
            each.unit === unit ? { ...each, most: Math.max(each.least, Math.min(each.most, tokens)) } : each;
          this.#take(asks.map(narrow), agentId, done, [...taken, { account, unit, tokens }]);
        }
      },
    });
  }

  #accountOf({ key, endsAt }: CountPlace, agentId: string): Account | undefined {
    const { ledger, now } = this.#options;
    const name = nameOf(key);
    const known = this.#accounts.get(name);
    if (known !== undefined) return known.account;
    if (this.#accounts.size >= maxAccounts || !this.#shares.take(agentId)) return undefined;
    const account = new Account(key, ledger, now, (marks) => this.#warnings.learn(key, marks));
    this.#accounts.set(name, { account, agentId, endsAt });
    return account;
  }
}

/** undefined: nobody knows how much the call asks of it. */
function askOf(limit: UseLimit, caller: Caller, at: number): Ask | undefined {
  const place = placeOfUse(limit, caller, at);
  const warnAt = (limit.period === 'window' ? undefined : limit.warnAt) ?? [];
  if ('tokens' in limit) {
    return { place, unit: 'tokens', cap: limit.tokens, warnAt, least: caller.least, most: caller.most };
  }
  const { cost } = caller;
  return cost && { place, unit: 'nanoUsd', cap: limit.nanoUsd, warnAt, least: cost.least, most: cost.most };
}

function reservationOf(taken: readonly Taken[], { most, cost }: Caller): Reservation {
  const last = (unit: Unit): number | undefined => taken.findLast((each) => each.unit === unit)?.tokens;
  const nanoUsd = last('nanoUsd') as NanoUsd | undefined;
  const settle = ({ used, paid }: { readonly used: number; readonly paid: NanoUsd | undefined }): void => {
    for (const { account, unit, tokens } of taken) {
      // What nobody can price cost what it was promised.
      account.settle(tokens, unit === 'nanoUsd' ? (paid ?? tokens) : used);
    }
  };
  const settleOnce = once(settle);
  return {
    tokens: last('tokens') ?? most,
    nanoUsd: cost === undefined ? undefined : nanoUsd,
    settle: (used, paid) => settleOnce({ used, paid }),
  };
}

function once<T>(work: (value: T) => void): (value: T) => void {
  let done = false;
  return (value) => {
    if (done) return;
    done = true;
    work(value);
  };
}
