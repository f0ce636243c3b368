/**
 * What reading or writing one request has to say beside its result: members that were left out, and the first thing that cannot be
 * said without changing what the call means. Who reads goes on after that with what is left, so that nothing has to throw; its lists
 * are empty from there on.
 */
import type { Blocked, Result } from './codec.ts';

const maxDropped = 32;
/** Names come from outside and go into records (S50). */
const maxPathLength = 100;

export class Notes {
  readonly #dropped = new Set<string>();
  #blocked: Blocked | undefined;

  /** `path` as in `messages[].name`, without numbers. */
  drop(path: string): void {
    if (this.#dropped.size < maxDropped) this.#dropped.add(path.slice(0, maxPathLength));
  }

  /** `why`: the rest of a sentence that begins with `what`. The first one counts. */
  block(what: string, why: string): void {
    this.#blocked ??= { kind: 'blocked', what: what.slice(0, maxPathLength), why };
  }

  /** What is read from here on is for nothing. */
  get isBlocked(): boolean {
    return this.#blocked !== undefined;
  }

  /** Of it all: the value, unless something was in the way. */
  resultOf<T>(value: T): Result<T> {
    return this.#blocked ?? { kind: 'done', value, dropped: [...this.#dropped] };
  }
}
