/**
 * How much of a bounded memory each agent may hold. Sans-io. Half of it is cut into equal parts, one for each agent, which
 * nobody else can take; the other half goes to whoever wants more, and the more of it one holds, the more must stay free
 * (dynamic thresholds, as switches share their buffers). So one agent alone may use much, and a new one always has its part,
 * for as many agents as there are parts.
 */

/** The part of an agent that is its own: the room of four calls, or some ten usual records. */
export const ownPartBytes = 64 * 1024;
/** Of the shared half one agent may hold up to this many times what is left free: alone three quarters of it. */
const greed = 3;

interface Held {
  own: number;
  shared: number;
}

export class RecordShares {
  readonly #ownLimit: number;
  readonly #sharedLimit: number;
  readonly #held = new Map<string, Held>();
  #own = 0;
  #shared = 0;

  /** `limit`: bytes of all agents together. */
  constructor(limit: number) {
    this.#ownLimit = Math.floor(limit / 2);
    this.#sharedLimit = limit - this.#ownLimit;
  }

  /** Never above the limit. */
  get total(): number {
    return this.#own + this.#shared;
  }

  /** Takes so many bytes for the agent; false, and nothing taken, when that is more than its share. */
  take(agentId: string, bytes: number): boolean {
    const held = this.#held.get(agentId) ?? { own: 0, shared: 0 };
    const own = Math.max(0, Math.min(bytes, ownPartBytes - held.own, this.#ownLimit - this.#own));
    const shared = bytes - own;
    const free = this.#sharedLimit - this.#shared - shared;
    if (shared > 0 && held.shared + shared > greed * free) return false;
    this.#held.set(agentId, held);
    held.own += own;
    held.shared += shared;
    this.#own += own;
    this.#shared += shared;
    return true;
  }

  /** Gives back what was taken: first what is not the agent's own part. */
  give(agentId: string, bytes: number): void {
    const held = this.#held.get(agentId);
    if (held === undefined) return;
    const shared = Math.min(bytes, held.shared);
    const own = Math.min(bytes - shared, held.own);
    held.shared -= shared;
    held.own -= own;
    this.#shared -= shared;
    this.#own -= own;
    if (held.shared === 0 && held.own === 0) this.#held.delete(agentId);
  }
}
