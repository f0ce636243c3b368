/**
 * Memory for bodies that are held until they are judged or sent, shared fairly: each agent has a guaranteed amount nobody
 * else can take, and above it as much as is still free of the rest (so that one alone gets half of the rest, two a
 * third each, and a newcomer always finds some). Pure bookkeeping; it allocates nothing.
 */
export interface HeldLimits {
  /** Bytes of all agents together. */
  readonly total: number;
  /** Bytes each agent can always have. */
  readonly guaranteed: number;
  /** Agents that are guaranteed it at the same time; further ones have a part of the rest only. */
  readonly agents: number;
}

const mebibyte = 1024 * 1024;
/** 192 MiB for the few that send much (three bodies of 32 MiB for one alone), 1 MiB for each of 64. */
export const heldLimits: HeldLimits = { total: 256 * mebibyte, guaranteed: mebibyte, agents: 64 };

interface Share {
  held: number;
  readonly guaranteed: number;
}

export class HeldBytes {
  readonly #limits: HeldLimits;
  readonly #shares = new Map<string, Share>();
  #guaranteedAgents = 0;
  /** Of the rest: what agents hold above what they are guaranteed. */
  #rest: number;

  constructor(limits: HeldLimits = heldLimits) {
    this.#limits = limits;
    this.#rest = Math.max(0, limits.total - limits.guaranteed * limits.agents);
  }

  /** Bytes held by all. */
  get held(): number {
    let sum = 0;
    for (const { held } of this.#shares.values()) sum += held;
    return sum;
  }

  /** False: the agent has its share, and nothing was taken. */
  take(agentId: string, bytes: number): boolean {
    const share = this.#shares.get(agentId) ?? this.#newShare();
    const before = above(share);
    const after = above({ ...share, held: share.held + bytes });
    // What it would hold of the rest may not be more than what is then left of it.
    if (after > before && after > this.#rest - (after - before)) return false;
    if (bytes <= 0) return true;
    if (share.held === 0 && share.guaranteed > 0) this.#guaranteedAgents += 1;
    share.held += bytes;
    this.#rest -= after - before;
    this.#shares.set(agentId, share);
    return true;
  }

  /** What was taken is free again. */
  give(agentId: string, bytes: number): void {
    const share = this.#shares.get(agentId);
    if (share === undefined) return;
    const before = above(share);
    share.held -= Math.min(share.held, Math.max(0, bytes));
    this.#rest += before - above(share);
    if (share.held > 0) return;
    this.#shares.delete(agentId);
    if (share.guaranteed > 0) this.#guaranteedAgents -= 1;
  }

  #newShare(): Share {
    const isGuaranteed = this.#guaranteedAgents < this.#limits.agents;
    return { held: 0, guaranteed: isGuaranteed ? this.#limits.guaranteed : 0 };
  }
}

function above({ held, guaranteed }: Share): number {
  return Math.max(0, held - guaranteed);
}
