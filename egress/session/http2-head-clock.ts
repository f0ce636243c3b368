/**
 * Bounds the time of a request's head over HTTP/2. node:http2 tells of a head when its last frame is there, and waits for that frame
 * without bound; what it does tell is the last stream that was begun. A stream begun and not told of is half a head, or was refused
 * below node. Which of them, a PING finds out: no other frame may stand between those of a head (RFC 9113 6.10), so only an agent
 * that is not inside of one can answer. It holds no timer and sees no byte.
 */
export const http2Head = {
  /** From the first frame of a head to its last, as for HTTP/1.1 (S30). */
  headMs: 10_000,
  /** For the answer to the PING. */
  answerMs: 5_000,
} as const;

export interface HeadProgress {
  /** Highest stream of which any frame came; 0: none. */
  readonly begun: number;
  /** Something was received, if only a part of the preface. */
  readonly hasSpoken: boolean;
}

export class Http2HeadClock {
  readonly #ask: (answered: () => void) => void;
  /** Highest stream that is known to be no half head. */
  #settled = 0;
  #hasAnswered = false;
  #since: number | undefined;
  #askedAt: number | undefined;

  /** `ask` sends a PING and calls back when its answer comes, or never. */
  constructor(ask: (answered: () => void) => void) {
    this.#ask = ask;
  }

  /** The head of this stream is whole. */
  whole(stream: number): void {
    this.#settled = Math.max(this.#settled, stream);
  }

  /** Called about once a second; true: a head, or the agent's preface, did not come in time. */
  isOverdue(now: number, { begun, hasSpoken }: HeadProgress): boolean {
    const isOpen = begun > this.#settled || (begun === 0 && hasSpoken && !this.#hasAnswered);
    if (!isOpen) {
      this.#since = undefined;
      this.#askedAt = undefined;
      return false;
    }
    this.#since ??= now;
    if (this.#askedAt !== undefined) return now - this.#askedAt > http2Head.answerMs;
    if (now - this.#since <= http2Head.headMs) return false;
    this.#askedAt = now;
    this.#ask(() => this.#answered(begun));
    return false;
  }

  #answered(begun: number): void {
    this.#hasAnswered = true;
    this.#askedAt = undefined;
    this.#since = undefined;
    this.whole(begun);
  }
}
