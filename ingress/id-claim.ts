/**
 * One id, one call, over every ingress there is: a caller that brings its own id has it claimed in the event stream before
 * anything runs. The stream keeps one message of an id within its duplicate window and says so to whoever comes second. It
 * must never let a call run whose claim is in doubt.
 */
import { LRUCache } from 'lru-cache';
import {
  invocationMessageId,
  invocationStream,
  invocationSubject,
  type Invocation,
} from '../contract/index.ts';
import type { PublishEvent } from '../process/index.ts';

/** `doubt`: the stream was not reached, or did not say whether it has it. */
export type Claim = 'first' | 'used' | 'doubt';

/** Half an hour at a hundred calls a second is 180 000; about 20 MB. Beyond, the stream alone knows. */
const maxIds = 200_000;

export class IdClaims {
  readonly #publish: PublishEvent;
  /** Claimed here lately: known without asking. */
  readonly #seen = new LRUCache<string, true>({ max: maxIds, ttl: invocationStream.duplicateWindowMs });

  constructor(publish: PublishEvent) {
    this.#publish = publish;
  }

  /** `pending`: the first event of the call. Scoped to its agent: another's use of the same id is none of its business. */
  async claim(pending: Invocation): Promise<Claim> {
    const id = invocationMessageId(pending);
    if (this.#seen.has(id)) return 'used';
    // Before the answer: two calls with one id here are decided here.
    this.#seen.set(id, true);
    try {
      const subject = invocationSubject(pending, { role: 'ingress' });
      const stored = await this.#publish(subject, JSON.stringify(pending), id);
      return stored?.duplicate === true ? 'used' : 'first';
    } catch {
      // Whoever tries again asks the stream.
      this.#seen.delete(id);
      return 'doubt';
    }
  }
}
