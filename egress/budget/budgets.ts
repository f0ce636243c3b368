/**
 * All budgets of one gateway process. A call reserves in each of its limits or in none; when it is over it settles each by what it
 * used. Bounded: what cannot be counted now is not let through. It must never grant what was not leased.
 */
import type { Budget, TokenLimit } from '../../decision/index.ts';
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

export interface Caller {
  readonly invocationId: string;
  readonly least: number;
  readonly most: number;
}

export interface BudgetsOptions {
  readonly ledger: Ledger;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Executions and days with calls under way, or in the last seconds. */
export const maxAccounts = 20_000;
const dayMs = 24 * 60 * 60_000;

interface Taken {
  readonly account: Account;
  readonly tokens: number;
}

export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #accounts = new Map<string, Account>();

  constructor(options: BudgetsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** Calls `done` once, at once where it can. A budget without limits, which only caps answers, promises what is asked. */
  reserve({ limits }: Budget, caller: Caller, done: (reserved: Reserved) => void): void {
    this.#next(limits, caller, [], done);
  }

  /** From time to time. `now`: everything that can be given back is. */
  tidy(now = false): void {
    for (const [key, account] of this.#accounts) {
      account.tidy(now);
      if (account.isEmpty) this.#accounts.delete(key);
    }
  }

  /** One limit after the other, each with no more than the ones before granted. */
  #next(
    limits: readonly TokenLimit[],
    caller: Caller,
    taken: readonly Taken[],
    done: (reserved: Reserved) => void,
  ): void {
    const [limit, ...rest] = limits;
    if (limit === undefined) {
      done({ kind: 'reserved', reservation: reservationOf(taken, caller.most) });
      return;
    }
    const account = this.#accountOf(limit, caller);
    const refuse = (reserved: Reserved): void => {
      for (const each of taken) each.account.settle(each.tokens, 0);
      done(reserved);
    };
    if (account === undefined) {
      refuse({ kind: 'unavailable' });
      return;
    }
    const { least, most } = caller;
    account.reserve({
      ...{ cap: limit.tokens, least, most },
      done: (grant: Grant) => {
        if (grant.kind === 'granted') {
          const { tokens } = grant;
          this.#next(rest, { ...caller, most: tokens }, [...taken, { account, tokens }], done);
        } else if (grant.kind === 'spent') {
          const at = this.#options.now();
          refuse({ kind: 'spent', limit, left: grant.left, at, resetsAt: resetOf(limit, at) });
        } else refuse(grant);
      },
    });
  }

  #accountOf({ account, period }: TokenLimit, { invocationId }: Caller): Account | undefined {
    const { ledger, now } = this.#options;
    const when =
      period === 'day' ? `day/${new Date(now()).toISOString().slice(0, 10)}` : `run/${invocationId}`;
    const key = JSON.stringify([account, when]);
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    if (this.#accounts.size >= maxAccounts) return undefined;
    const made = new Account({ account, period: when }, ledger, now);
    this.#accounts.set(key, made);
    return made;
  }
}

function resetOf({ period }: TokenLimit, at: number): number | undefined {
  return period === 'day' ? (Math.floor(at / dayMs) + 1) * dayMs : undefined;
}

function reservationOf(taken: readonly Taken[], tokens: number): Reservation {
  let settled = false;
  return {
    tokens,
    settle: (used) => {
      if (settled) return;
      settled = true;
      for (const each of taken) each.account.settle(each.tokens, used);
    },
  };
}
