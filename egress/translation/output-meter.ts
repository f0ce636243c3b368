/**
 * How much of an answer has come, against what its budget counts with. It only counts. An upstream that keeps to the limit it was given
 * is never over: a character of an answer counts for far less than the token it is a part of.
 */
import type { FormEvent } from './form.ts';

/** No tokenizer makes text of which a token is longer than so many characters, over a whole answer. */
const mostCharacters = 32;
/** Of text as it usually is. */
const usualCharacters = 4;

export class OutputMeter {
  readonly #bound: number;
  #characters = 0;
  #told = 0;

  /** `bound`: tokens of all its answers. */
  constructor(bound: number) {
    this.#bound = bound;
  }

  see(event: FormEvent): void {
    if (event.kind === 'delta') this.count(event.text.length);
  }

  count(characters: number): void {
    this.#characters += characters;
  }

  /** What the upstream itself says it has written so far. */
  tell(tokens: number | undefined): void {
    if (tokens !== undefined && tokens > this.#told) this.#told = tokens;
  }

  get isOver(): boolean {
    return this.#told > this.#bound || this.#characters > this.#bound * mostCharacters;
  }

  /** What was written in all likelihood. */
  get estimate(): number {
    return Math.max(this.#told, Math.ceil(this.#characters / usualCharacters));
  }
}

/** In the agent's own schema, as an event of its stream. */
export const spentEvent: FormEvent = {
  kind: 'error',
  error: {
    status: 429,
    message: 'the answer is longer than what its TokenBudget was asked for, and ends here [BUDGET_CUT]',
    code: undefined,
  },
};
