/**
 * How far an agent is read ahead of an upstream that takes nothing. That an agent has left is told behind the bytes it has sent,
 * so who stops reading does not learn of it, and the upstream's call goes on for nobody. Bounded for one connection, and by the
 * share that the agent has of all that is held.
 */

/** What an agent may hold beside others. */
export interface HeldShare {
  /** False: it may not hold so much more now; nothing was taken. */
  take(agentId: string, bytes: number): boolean;
  give(agentId: string, bytes: number): void;
}

/** What fits into the send buffer of a socket and the receive buffer of another, as Linux sizes them. */
export const maxAheadBytes = 8 * 1024 * 1024;

export class ReadAhead {
  readonly #share: HeldShare;
  readonly #agentId: string;
  #bytes = 0;

  constructor(share: HeldShare, agentId: string) {
    this.#share = share;
    this.#agentId = agentId;
  }

  /** So many more wait for the upstream. False: read no further. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > maxAheadBytes || !this.#share.take(this.#agentId, bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Nothing waits any more. Safe to repeat. */
  release(): void {
    if (this.#bytes > 0) this.#share.give(this.#agentId, this.#bytes);
    this.#bytes = 0;
  }
}
