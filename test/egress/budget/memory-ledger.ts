/** A ledger in memory for tests: atomic, as the real one, with turns of the clock in between and outages on demand. */
import type { LedgerKey } from '../../../contract/index.ts';
import type { Lease, LeaseRequest, Ledger } from '../../../egress/budget/ledger.ts';

export class MemoryLedger implements Ledger {
  readonly taken = new Map<string, number>();
  readonly highest = new Map<string, number>();
  asked = 0;
  /** Each call takes so many turns of the microtask queue. */
  turns: () => number = () => 1;
  away = false;

  async #wait(): Promise<void> {
    for (let left = this.turns(); left > 0; left -= 1) await Promise.resolve();
  }

  async lease(key: LedgerKey, { cap, least, most }: LeaseRequest): Promise<Lease> {
    this.asked += 1;
    await this.#wait();
    if (this.away) return { kind: 'unavailable' };
    const name = JSON.stringify(key);
    const taken = this.taken.get(name) ?? 0;
    const left = cap - taken;
    if (left < least) return { kind: 'spent', left: Math.max(0, left) };
    const tokens = Math.min(left, most);
    this.#set(name, taken + tokens);
    await this.#wait();
    return { kind: 'leased', tokens, taken: taken + tokens };
  }

  async adjust(key: LedgerKey, tokens: number): Promise<boolean> {
    await this.#wait();
    if (this.away) return false;
    const name = JSON.stringify(key);
    this.#set(name, Math.max(0, (this.taken.get(name) ?? 0) + tokens));
    return true;
  }

  #set(name: string, tokens: number): void {
    this.taken.set(name, tokens);
    this.highest.set(name, Math.max(tokens, this.highest.get(name) ?? 0));
  }

  get total(): number {
    return [...this.taken.values()].reduce((sum, tokens) => sum + tokens, 0);
  }
}
