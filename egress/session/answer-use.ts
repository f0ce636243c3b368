/** What is read of an answer as it passes: what it used, and whether that is more than its budget counts with. It never touches it. */
import { fieldValue, type Field } from '../http1/index.ts';
import type { Facts, ProviderCodec } from '../providers/index.ts';
import { createUsageTap, type UsageTap } from '../record/usage-tap.ts';
import { OutputMeter, type ChatCodec } from '../translation/index.ts';

/** Tokens that a budget counts with for the answer, and the API in which a stream would come as it is. */
export interface AnswerBound {
  readonly tokens: number;
  /** undefined: none whose streams can be read. */
  readonly codec: ChatCodec | undefined;
}

interface Reading {
  readonly payee: ProviderCodec | undefined;
  readonly facts: Facts;
}

export class AnswerUse {
  readonly bound: AnswerBound | undefined;
  readonly meter: OutputMeter | undefined;
  readonly #facts: Facts;
  readonly #tap: UsageTap | undefined;

  /** `fields`: the upstream's own. `bound` undefined: nobody counts. */
  constructor({ payee, facts }: Reading, fields: readonly Field[], bound: AnswerBound | undefined) {
    const [contentType, encoding] = ['content-type', 'content-encoding'].map((name) =>
      fieldValue(fields, name),
    );
    this.#facts = facts;
    this.#tap = payee && createUsageTap(payee, facts, { contentType, encoding });
    this.bound = bound;
    this.meter = bound && new OutputMeter(bound.tokens);
  }

  push(bytes: Buffer): void {
    this.#tap?.push(bytes);
    // Of an answer that has said why it ends nothing is saved any more.
    if (this.#facts.finishReasons === undefined) this.meter?.tell(this.#facts.outputTokens);
  }

  end(): void {
    this.#tap?.end();
  }
}
