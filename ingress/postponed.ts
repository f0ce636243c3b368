/**
 * What is to be done later, or at once when the process stops. Whoever needs the room that it holds may have the oldest of a group
 * done sooner, never before its shortest time.
 */
import { monotonicMs } from '../process/index.ts';

interface Waiting {
  readonly run: () => void;
  /** Not before, however much it is wanted. */
  readonly soonestMs: number;
}

/** Each who comes makes room for itself and for one more, so that a group that is full empties. */
const hurriedAtOnce = 2;

export class Postponed {
  /** By group, the oldest first. */
  readonly #groups = new Map<string, Set<Waiting>>();
  readonly #now: () => number;

  constructor(now: () => number = monotonicMs) {
    this.#now = now;
  }

  /** Runs it after `ms`, or from `leastMs` on when somebody of the group hurries. */
  add(
    group: string,
    { ms, leastMs }: { readonly ms: number; readonly leastMs: number },
    run: () => void,
  ): void {
    const once = (): void => {
      clearTimeout(timer);
      if (this.#delete(group, waiting)) run();
    };
    const timer = setTimeout(once, ms);
    const waiting: Waiting = { run: once, soonestMs: this.#now() + leastMs };
    const all = this.#groups.get(group) ?? new Set();
    this.#groups.set(group, all.add(waiting));
  }

  /** Somebody of the group finds its room nearly full. */
  hurry(group: string): void {
    const now = this.#now();
    let hurried = 0;
    for (const { run, soonestMs } of this.#groups.get(group) ?? []) {
      if (hurried === hurriedAtOnce || soonestMs > now) return;
      hurried += 1;
      run();
    }
  }

  runAll(): void {
    for (const group of this.#groups.values()) for (const { run } of group) run();
  }

  #delete(group: string, waiting: Waiting): boolean {
    const all = this.#groups.get(group);
    if (all?.delete(waiting) !== true) return false;
    if (all.size === 0) this.#groups.delete(group);
    return true;
  }
}
