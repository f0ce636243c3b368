/** A ledger in memory for tests: atomic, as the real one, with turns of the clock in between and outages on demand. */
import { markOf, type LedgerKey } from '../../../contract/index.ts';
import { reachedThresholds } from '../../../decision/index.ts';
import type { Lease, LeaseRequest, Ledger, Watched } from '../../../egress/budget/ledger.ts';

export class MemoryLedger implements Ledger {
  readonly taken = new Map<string, number>();
  readonly warned = new Map<string, readonly string[]>();
  readonly highest = new Map<string, number>();
  asked = 0;
  /** Each call takes so many turns of the microtask queue. */
  turns: () => number = () => 1;
  away = false;

  async #wait(): Promise<void> {
    for (let left = this.turns(); left > 0; left -= 1) await Promise.resolve();
  }

  #note(
    name: string,
    watched: Watched | undefined,
    { taken, refused }: { readonly taken: number; readonly refused: boolean },
  ): readonly string[] {
    if (watched === undefined) return [];
    const { warnAt, cap, unused } = watched;
    const reached = reachedThresholds(warnAt, { used: taken - unused, cap, refused });
    const all = new Set([
      ...(this.warned.get(name) ?? []),
      ...reached.map((percent) => markOf(percent, cap)),
    ]);
    this.warned.set(name, [...all]);
    return [...all];
  }

  async lease(key: LedgerKey, { cap, least, most }: LeaseRequest, watched?: Watched): Promise<Lease> {
    this.asked += 1;
    await this.#wait();
    if (this.away) return { kind: 'unavailable' };
    const name = JSON.stringify(key);
    const taken = this.taken.get(name) ?? 0;
    const left = cap - taken;
    const warned = this.#note(name, watched, { taken, refused: left < least });
    if (left < least) return { kind: 'spent', left: Math.max(0, left), warned };
    const tokens = Math.min(left, most);
    this.#set(name, taken + tokens);
    await this.#wait();
    return { kind: 'leased', tokens, taken: taken + tokens, warned };
  }

  async adjust(key: LedgerKey, tokens: number, watched?: Watched): Promise<readonly string[] | false> {
    await this.#wait();
    if (this.away) return false;
    const name = JSON.stringify(key);
    const taken = Math.max(0, (this.taken.get(name) ?? 0) + tokens);
    this.#set(name, taken);
    return this.#note(name, watched, { taken, refused: false });
  }

  #set(name: string, tokens: number): void {
    this.taken.set(name, tokens);
    this.highest.set(name, Math.max(tokens, this.highest.get(name) ?? 0));
  }

  get total(): number {
    return [...this.taken.values()].reduce((sum, tokens) => sum + tokens, 0);
  }
}
