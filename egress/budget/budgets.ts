/**
 * All budgets and limits of one gateway process. A call reserves in each of its limits or in none; when it is over it settles each by
 * what it used. Bounded, with a share for each agent: what cannot be counted now is not let through. It must never grant what was
 * not leased.
 */
import { budgetLedger, type LedgerKey } from '../../contract/index.ts';
import {
  placeOf,
  type Budget,
  type CallCount,
  type CountedCaller,
  type CountPlace,
  type TokenLimit,
} from '../../decision/index.ts';
import { Shares } from '../shares.ts';
import { Account, type Grant } from './account.ts';
import type { Ledger } from './ledger.ts';

/** Tokens promised to one call. */
export interface Reservation {
  readonly tokens: number;
  /** Once. `used`: what the call used in the end. */
  settle(used: number): void;
}

export type Reserved =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  | {
      readonly kind: 'spent';
      readonly limit: TokenLimit;
      readonly left: number;
      /** Unix milliseconds, as `resetsAt`. */
      readonly at: number;
      /** undefined: never. */
      readonly resetsAt: number | undefined;
    }
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

export interface Caller extends CountedCaller {
  readonly least: number;
  readonly most: number;
}

export interface BudgetsOptions {
  readonly ledger: Ledger;
  /** Unix milliseconds, of a clock that nobody sets: how long ago something was. */
  readonly now: () => number;
  /** What the wall clock says: which day and which window it is. Absent: the same. */
  readonly unixMs?: () => number;
}

/** Executions, windows and days with calls under way, or in the last seconds. */
export const maxAccounts = 20_000;
/** Of these, of one agent: it cannot keep the others from being counted (S54). */
export const maxAccountsOfAgent = maxAccounts / 4;
const dayMs = 24 * 60 * 60_000;

interface Taken {
  readonly account: Account;
  readonly tokens: number;
}

/** What a call asks of one account. */
interface Ask {
  readonly place: CountPlace;
  readonly cap: number;
  readonly least: number;
  readonly most: number;
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
  readonly #shares = new Shares(maxAccountsOfAgent);

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#accounts.size;
  }

  get #unixMs(): number {
    return (this.#options.unixMs ?? this.#options.now)();
  }

  /** Calls `done` once, at once where it can. A budget without limits, which only caps answers, promises what is asked. */
  reserve({ limits }: Budget, caller: Caller, done: (reserved: Reserved) => void): void {
    const { least, most } = caller;
    const at = this.#unixMs;
    const asks = limits.map((limit) => ({
      place: { key: keyOf(limit, caller, at), endsAt: undefined },
      ...{ cap: limit.tokens, least, most },
    }));
    this.#take(asks, caller.agentId, (outcome) => {
      if (outcome.kind === 'taken') {
        const tokens = outcome.taken.at(-1)?.tokens ?? most;
        const settle = (used: number): void => {
          for (const each of outcome.taken) each.account.settle(each.tokens, used);
        };
        done({ kind: 'reserved', reservation: { tokens, settle: once(settle) } });
      } else if (outcome.kind === 'spent') {
        const limit = limits[outcome.index];
        if (limit === undefined) done({ kind: 'unavailable' });
        else done({ kind: 'spent', limit, left: outcome.left, at, resetsAt: resetOf(limit, at) });
      } else done(outcome);
    });
  }

  /** Calls `done` once, at once where it can: counted under all of them or under none. */
  count(counts: readonly CallCount[], caller: CountedCaller, done: (result: CountResult) => void): void {
    const at = this.#unixMs;
    const asks = counts.map(({ limit, calls }) => ({
      place: placeOf(limit, caller, at),
      ...{ cap: limit.calls, least: calls, most: calls },
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

  /** From time to time. `now`: everything that can be given back is. */
  tidy(now = false): void {
    const at = this.#unixMs;
    for (const [key, { account, agentId, endsAt }] of this.#accounts) {
      // Nobody can use what is left of a window that is over, so nobody is told.
      const isPast = endsAt !== undefined && at >= endsAt && account.isOver;
      if (!isPast) account.tidy(now);
      if (!isPast && !account.isEmpty) continue;
      this.#accounts.delete(key);
      this.#shares.give(agentId);
    }
  }

  /** One after the other, each with no more than the ones before granted. */
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
      ...{ cap: ask.cap, least: ask.least, most: ask.most },
      done: (grant: Grant) => {
        if (grant.kind === 'spent') refuse({ kind: 'spent', index, left: grant.left });
        else if (grant.kind === 'unavailable') refuse(grant);
        else {
          const { tokens } = grant;
          const narrow = (each: Ask): Ask => ({
            ...each,
            most: Math.max(each.least, Math.min(each.most, tokens)),
          });
          this.#take(asks.map(narrow), agentId, done, [...taken, { account, tokens }]);
        }
      },
    });
  }

  #accountOf({ key, endsAt }: CountPlace, agentId: string): Account | undefined {
    const { ledger, now } = this.#options;
    const name = JSON.stringify([key.account, key.period]);
    const known = this.#accounts.get(name);
    if (known !== undefined) return known.account;
    if (this.#accounts.size >= maxAccounts || !this.#shares.take(agentId)) return undefined;
    const account = new Account(key, ledger, now);
    this.#accounts.set(name, { account, agentId, endsAt });
    return account;
  }
}

function keyOf({ account, period }: TokenLimit, { invocationId }: Caller, at: number): LedgerKey {
  return period === 'day'
    ? { account, period: `day/${new Date(at).toISOString().slice(0, 10)}` }
    : { account, period: `run/${invocationId}`, ttlMs: budgetLedger.executionTtlMs };
}

function resetOf({ period }: TokenLimit, at: number): number | undefined {
  return period === 'day' ? (Math.floor(at / dayMs) + 1) * dayMs : undefined;
}

function once<T>(work: (value: T) => void): (value: T) => void {
  let done = false;
  return (value) => {
    if (done) return;
    done = true;
    work(value);
  };
}
