/** What is to be done later, or at once when the process stops. */
export class Postponed {
  readonly #waiting = new Set<() => void>();

  add(ms: number, run: () => void): void {
    const once = (): void => {
      clearTimeout(timer);
      if (this.#waiting.delete(once)) run();
    };
    const timer = setTimeout(once, ms);
    this.#waiting.add(once);
  }

  runAll(): void {
    for (const run of this.#waiting) run();
  }
}
