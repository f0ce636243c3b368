/**
 * Lets each line of a stream through once, over reconnects that repeat its end. Remembers only the lines of the
 * latest instant, so it never grows with the stream. Pure state; no I/O.
 */
export class ResumeFilter {
  #last: string | undefined;
  #atLast = new Set<string>();
  #resumed = false;

  /** The latest instant seen: where to resume. */
  get last(): string | undefined {
    return this.#last;
  }

  /** True when this line is new. Lines come in order of time; an older one is a repetition after a resume. */
  admits(timestamp: string, line: string): boolean {
    if (this.#last === undefined || timestamp > this.#last) {
      this.#last = timestamp;
      this.#atLast = new Set([line]);
      return true;
    }
    if (timestamp < this.#last) return !this.#resumed;
    if (this.#resumed && this.#atLast.has(line)) return false;
    this.#atLast.add(line);
    return true;
  }

  /** The stream was cut and will be asked again from `last`. */
  resume(): void {
    this.#resumed = true;
  }
}
