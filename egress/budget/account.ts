/**
 * One budget or limit in one period, as this gateway holds it: tokens (or calls) leased from the ledger, those promised to calls
 * under way, and the calls that wait. Sans-io: time comes in, the ledger is a port. What is granted was leased before, always.
 */
import type { LedgerKey } from '../../contract/index.ts';
import type { Ledger, Watched } from './ledger.ts';

export type Grant =
  | { readonly kind: 'granted'; readonly tokens: number }
  | { readonly kind: 'spent'; readonly left: number }
  | { readonly kind: 'unavailable' };

interface Waiter {
  readonly cap: number;
  /** Percent of it of which people are told. */
  readonly warnAt: readonly number[];
  readonly least: number;
  readonly most: number;
  readonly done: (grant: Grant) => void;
}

/** Of the budget, beside what is asked: so the next calls need not ask. */
const sliceOf = (cap: number): number => Math.floor(cap / 100);
/** A budget that was spent is not asked for again at once. */
const spentMs = 1_000;
/** Tokens nobody asks for go back to the others after this. */
export const idleMs = 5_000;
export const maxWaiting = 1_000;

export class Account {
  readonly #key: LedgerKey;
  readonly #ledger: Ledger;
  readonly #now: () => number;
  readonly #warned: (marks: readonly string[]) => void;
  /** What the last that asked is told of. */
  #watched: Pick<Watched, 'cap' | 'warnAt'> = { cap: 1, warnAt: [] };
  /** More may be used than the ledger was told of when it was asked last. */
  #isUnseen = false;
  readonly #waiting: Waiter[] = [];
  /** Leased and promised to no call. Below 0: calls used more than they were promised. */
  #held = 0;
  #promised = 0;
  #busy = false;
  #usedAt: number;
  /** The ledger said that so few are left, then. */
  #spent: { readonly at: number; readonly left: number; readonly cap: number } | undefined;
  /** Of all of it, by everybody, as the ledger said last; undefined: it was not asked yet. */
  #taken: number | undefined;

  /** `warned`: thresholds that are noted in the ledger, whenever it says so. */
  constructor(
    key: LedgerKey,
    ledger: Ledger,
    now: () => number,
    warned: (marks: readonly string[]) => void = () => undefined,
  ) {
    this.#warned = warned;
    this.#key = key;
    this.#ledger = ledger;
    this.#now = now;
    this.#usedAt = now();
  }

  /** Calls `done` once, at once where it can. */
  reserve(waiter: Waiter): void {
    this.#usedAt = this.#now();
    this.#watched = waiter;
    if (this.#waiting.length >= maxWaiting) waiter.done({ kind: 'unavailable' });
    else {
      this.#waiting.push(waiter);
      this.#serve();
    }
  }

  /** A call that was promised `tokens` used `used`. */
  settle(tokens: number, used: number): void {
    this.#usedAt = this.#now();
    this.#promised -= tokens;
    this.#held += tokens - used;
    this.#isUnseen = this.#watched.warnAt.length > 0;
    this.#serve();
  }

  /** Of a budget of `cap`, promised to nobody here and leased to nobody else when the ledger was asked last; undefined: it was not. */
  left(cap: number): number | undefined {
    return this.#taken === undefined ? undefined : Math.max(0, cap - this.#taken + this.#held);
  }

  /** Nothing is held, promised or waited for. */
  get isEmpty(): boolean {
    return (
      this.#waiting.length === 0 && this.#promised === 0 && this.#held === 0 && !this.#busy && !this.#isUnseen
    );
  }

  /** Nobody waits, and nothing is promised or owed: what is held may be forgotten where it is of no use to anybody. */
  get isOver(): boolean {
    return this.#waiting.length === 0 && this.#promised === 0 && this.#held >= 0 && !this.#busy;
  }

  /** Gives back what nobody asks for, and tells what was used beyond the lease. `now`: at once. */
  tidy(now: boolean): void {
    const isIdle = now || this.#now() - this.#usedAt >= idleMs;
    if (this.#busy || this.#waiting.length > 0 || (this.#held === 0 && !this.#isUnseen)) return;
    if (this.#held >= 0 && !isIdle) return;
    const tokens = this.#held;
    this.#busy = true;
    this.#held = 0;
    const watched = this.#watchedNow(this.#watched);
    void this.#ledger.adjust(this.#key, -tokens, watched).then((marks) => {
      this.#busy = false;
      if (marks === false) this.#held += tokens;
      else {
        this.#taken = this.#taken && Math.max(0, this.#taken - tokens);
        if (this.#promised === 0) this.#isUnseen = false;
        this.#warned(marks);
      }
      this.#serve();
    });
  }

  #serve(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || this.#busy) return;
      const answer = this.#answer(first);
      if (answer === undefined) {
        this.#lease(first);
        return;
      }
      this.#waiting.shift();
      this.#tell(first, answer);
    }
  }

  /** undefined: the ledger must be asked. */
  #answer({ cap, least, most }: Waiter): Grant | undefined {
    if (this.#held >= most) return { kind: 'granted', tokens: most };
    const spent = this.#spent;
    const isFresh = spent !== undefined && spent.cap === cap && this.#now() - spent.at < spentMs;
    // Fewer may be enough for this one than were for the last.
    if (!isFresh || Math.max(0, this.#held) + spent.left >= least) return undefined;
    return this.#settleFor(least, { kind: 'spent', left: Math.max(0, this.#held) + spent.left });
  }

  /** What is held, where that is enough. */
  #settleFor(least: number, otherwise: Grant): Grant {
    return this.#held >= least && this.#held > 0 ? { kind: 'granted', tokens: this.#held } : otherwise;
  }

  #tell({ done, most }: Waiter, grant: Grant): void {
    if (grant.kind === 'granted') {
      const tokens = Math.min(grant.tokens, most);
      this.#held -= tokens;
      this.#promised += tokens;
      done({ kind: 'granted', tokens });
    } else done(grant);
  }

  #watchedNow({ cap, warnAt }: Pick<Watched, 'cap' | 'warnAt'>): Watched | undefined {
    return warnAt.length === 0 ? undefined : { cap, warnAt, unused: this.#held + this.#promised };
  }

  #lease(first: Waiter): void {
    const { cap, least } = first;
    const wanted = this.#waiting.reduce((sum, { most }) => sum + most, 0);
    this.#busy = true;
    const request = {
      cap,
      least: Math.max(1, least - this.#held),
      most: Math.max(1, wanted + sliceOf(cap) - this.#held),
    };
    void this.#ledger.lease(this.#key, request, this.#watchedNow(first)).then((lease) => {
      this.#busy = false;
      this.#waiting.shift();
      if (lease.kind !== 'unavailable') this.#warned(lease.warned ?? []);
      if (lease.kind === 'leased') {
        this.#held += lease.tokens;
        this.#taken = lease.taken;
        this.#spent = undefined;
        this.#tell(first, { kind: 'granted', tokens: this.#held });
      } else if (lease.kind === 'spent') {
        const { left } = lease;
        this.#spent = { at: this.#now(), left, cap };
        this.#taken = cap - left;
        this.#tell(first, this.#settleFor(least, { kind: 'spent', left: left + Math.max(0, this.#held) }));
      } else {
        // Whoever waits behind it would ask a ledger that does not answer, one after the other.
        const all = [first, ...this.#waiting.splice(0)];
        for (const each of all) this.#tell(each, this.#settleFor(each.least, lease));
      }
      this.#serve();
    });
  }
}
