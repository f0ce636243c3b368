/**
 * Time and replay of identity frames: the two checks a signature cannot make. Apart and clock-free so that they are
 * tested as a table. When the memory of nonces is full it refuses new frames rather than forgetting one, and who fills it is
 * refused before others are: an agent and a pool have shares.
 */
import { frameSkewMs, type IdentityFrame } from '../../contract/index.ts';

// A nonce matters for twice the skew, a minute. At about 200 bytes each this is 60 MB when all of it is used.
const maxNonces = 300_000;
/** A pool may use half: 2,500 connections a second. */
const poolShare = 1 / 2;
/** An agent may use a twentieth: 250 connections a second, of all its sandboxes on this replica, however many processes it has. */
const agentShare = 1 / 20;

interface Seen {
  readonly at: number;
  readonly pool: string;
  readonly agent: string;
}

/** How many nonces of each name are remembered. */
class Counts {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, step: 1 | -1): void {
    const count = this.of(name) + step;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}

export class FrameGuard {
  /** Insertion order is time order, near enough: entries are dropped from the front once they are too old. */
  readonly #seen = new Map<string, Seen>();
  readonly #pools = new Counts();
  readonly #agents = new Counts();
  readonly #capacity: number;

  constructor(capacity: number = maxNonces) {
    this.#capacity = capacity;
  }

  /** The reason to refuse, or undefined. Remembers the nonce of a frame it accepts. */
  refuse(
    frame: Pick<IdentityFrame, 'pool' | 'nonce' | 'issuedAt' | 'agentKind' | 'namespace' | 'name'>,
    now: number,
  ): string | undefined {
    if (Math.abs(now - frame.issuedAt) > frameSkewMs) return 'frame outside of the allowed clock skew';
    this.#forget(now);
    const { pool } = frame;
    const key = `${pool} ${frame.nonce}`;
    if (this.#seen.has(key)) return 'frame was replayed';
    const agent = `${pool} ${frame.agentKind}/${frame.namespace}/${frame.name}`;
    const refusal = this.#judgeShares(pool, agent);
    if (refusal !== undefined) return refusal;
    this.#seen.set(key, { at: now, pool, agent });
    this.#pools.add(pool, 1);
    this.#agents.add(agent, 1);
    return undefined;
  }

  #judgeShares(pool: string, agent: string): string | undefined {
    const share = (part: number): number => Math.max(2, Math.floor(this.#capacity * part));
    if (this.#agents.of(agent) >= share(agentShare)) return 'too many frames of one agent to remember';
    if (this.#pools.of(pool) >= share(poolShare)) return 'too many frames of one pool to remember';
    return this.#seen.size >= this.#capacity ? 'too many frames to remember' : undefined;
  }

  #forget(now: number): void {
    for (const [key, { at, pool, agent }] of this.#seen) {
      if (now - at <= 2 * frameSkewMs) return;
      this.#seen.delete(key);
      this.#pools.add(pool, -1);
      this.#agents.add(agent, -1);
    }
  }
}
