/**
 * Answers of the API server, kept for seconds. A key is the whole question, so that no answer serves another. Bounded; one
 * question is asked once at a time; what failed is not kept. Strangers may ask only so much at once.
 */
import { createHash } from 'node:crypto';
import { ClrkError } from '../../contract/index.ts';

interface Kept<T> {
  readonly answer: T;
  readonly untilMs: number;
}

export interface KeptAnswersOptions<T> {
  readonly max: number;
  /** Questions under way; what is over is refused. Absent: whoever may ask was bounded before. */
  readonly atOnce?: number;
  /** How long this answer may be used. */
  readonly keptMs: (answer: T) => number;
  readonly now: () => number;
}

export class KeptAnswers<T> {
  readonly #options: KeptAnswersOptions<T>;
  readonly #kept = new Map<string, Kept<T>>();
  readonly #asked = new Map<string, Promise<T>>();

  constructor(options: KeptAnswersOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  async answer(question: unknown, ask: () => Promise<T>): Promise<T> {
    // A digest: questions hold tokens, and are as long as their askers like.
    const key = createHash('sha256').update(JSON.stringify(question)).digest('base64');
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.untilMs > this.#options.now()) return kept.answer;
    const asked = this.#asked.get(key);
    if (asked !== undefined) return await asked;
    if (this.#asked.size >= (this.#options.atOnce ?? Infinity)) {
      throw new ClrkError('TOO_MANY_AT_ONCE', 'too many tokens are being looked at, try again');
    }
    const asking = ask();
    this.#asked.set(key, asking);
    try {
      const answer = await asking;
      this.#keep(key, answer);
      return answer;
    } finally {
      this.#asked.delete(key);
    }
  }

  #keep(key: string, answer: T): void {
    const { max, keptMs, now } = this.#options;
    this.#kept.delete(key);
    this.#kept.set(key, { answer, untilMs: now() + keptMs(answer) });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= max) break;
      this.#kept.delete(oldest);
    }
  }
}
