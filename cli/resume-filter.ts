/**
 * Lets each line of a followed stream through once, over reconnects that repeat its end. Lines carry numbers; it remembers
 * the latest of them, more than a reconnect repeats, and never grows with the stream. Pure state; no I/O.
 */
const remembered = 50_000;

export class ResumeFilter {
  #last: bigint | undefined;
  #recent = new Set<string>();
  #older = new Set<string>();

  /** The highest number seen: where to go on behind. */
  get last(): string | undefined {
    return this.#last?.toString();
  }

  /** True when this line is new. A line without a number always is. */
  admits(cursor: string): boolean {
    if (!/^\d{1,20}$/.test(cursor)) return true;
    if (this.#recent.has(cursor) || this.#older.has(cursor)) return false;
    this.#recent.add(cursor);
    if (this.#recent.size >= remembered / 2) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    const number = BigInt(cursor);
    if (this.#last === undefined || number > this.#last) this.#last = number;
    return true;
  }
}
