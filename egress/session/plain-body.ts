/** The body of an answer that goes on as it came, but for what the gateway itself asked for, and for the end its budget sets it. */
import { UsageChunkFilter } from '../record/usage-chunk-filter.ts';
import type { UpstreamAnswer } from '../upstream/exchange-port.ts';
import { isEventStream, isPlainStream } from './answer-head.ts';
import type { AnswerUse } from './answer-use.ts';
import { StreamGuard } from './stream-guard.ts';

const nothing = Buffer.alloc(0);

export class PlainBody {
  /** Takes out of a stream what the gateway asked for and the agent did not. */
  readonly #filter: UsageChunkFilter | undefined;
  readonly #guard: StreamGuard | undefined;

  constructor(answer: UpstreamAnswer, asksUsage: boolean, { bound, meter }: AnswerUse) {
    if (asksUsage && isEventStream(answer)) this.#filter = new UsageChunkFilter();
    if (bound?.codec !== undefined && meter !== undefined && isPlainStream(answer)) {
      this.#guard = new StreamGuard(bound.codec, meter);
    }
  }

  /** What is taken out, or added, would be missing from the length. */
  get isChanged(): boolean {
    return this.#filter !== undefined || this.#guard !== undefined;
  }

  /** It has ended, with an error of ours. */
  get isCut(): boolean {
    return this.#guard?.isOver === true;
  }

  /** `allowed`: of the upstream's; `passed`: what of that the agent gets now. */
  push(bytes: Buffer): { readonly allowed: Buffer; readonly passed: Buffer } {
    const allowed = this.#guard?.push(bytes) ?? bytes;
    return { allowed, passed: this.#filter?.push(allowed) ?? allowed };
  }

  flush(): Buffer {
    return this.#filter?.flush() ?? nothing;
  }
}
