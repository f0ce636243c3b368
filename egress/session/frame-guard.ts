/**
 * Time and replay of identity frames: the two checks a signature cannot make. Apart and clock-free so that they are
 * tested as a table. When the memory of nonces is full it refuses new frames rather than forgetting one.
 */
import { frameSkewMs, type IdentityFrame } from '../../contract/index.ts';

// A nonce matters for twice the skew; at 3,000 connections a second that is 180,000 of them.
const maxNonces = 200_000;

export class FrameGuard {
  /** Insertion order is time order, near enough: entries are dropped from the front once they are too old. */
  readonly #seen = new Map<string, number>();
  readonly #capacity: number;

  constructor(capacity: number = maxNonces) {
    this.#capacity = capacity;
  }

  /** The reason to refuse, or undefined. Remembers the nonce of a frame it accepts. */
  refuse(frame: IdentityFrame, now: number): string | undefined {
    if (Math.abs(now - frame.issuedAt) > frameSkewMs) return 'frame outside of the allowed clock skew';
    this.#forget(now);
    const key = `${frame.pool} ${frame.nonce}`;
    if (this.#seen.has(key)) return 'frame was replayed';
    if (this.#seen.size >= this.#capacity) return 'too many frames to remember';
    this.#seen.set(key, now);
    return undefined;
  }

  #forget(now: number): void {
    for (const [key, at] of this.#seen) {
      if (now - at <= 2 * frameSkewMs) return;
      this.#seen.delete(key);
    }
  }
}
