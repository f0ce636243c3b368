/**
 * Holds the first bytes of a body until they tell whether it can be searched. Sans-io; at most one
 * chunk and a few bytes. Apart from the scrubber because what is refused here is refused whole, before any byte of it went out.
 */
import { judgeStart, type StartVerdict } from './opaque.ts';

export class BodyStart {
  #held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): StartVerdict {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    return judgeStart(this.#held, false);
  }

  /** The body ends here: it is as long as it is. */
  end(): StartVerdict {
    return judgeStart(this.#held, true);
  }
}
