/**
 * Time and replay of identity frames: the two checks a signature cannot make. Apart and clock-free so that they are
 * tested as a table. When the memory of nonces is full it refuses new frames rather than forgetting one, and who fills it is
 * refused before others are: an agent and a pool have shares.
 */
import { frameSkewMs, ShareCounts, type IdentityFrame, type Share } from '../../contract/index.ts';

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

/** Of the nonces that are remembered. */
interface NonceShare extends Share {
  readonly who: string;
}

export class FrameGuard {
  /** Insertion order is time order, near enough: entries are dropped from the front once they are too old. */
  readonly #seen = new Map<string, Seen>();
  readonly #counts = new ShareCounts();
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
    const shares = this.#sharesOf(pool, agent);
    const full = this.#counts.full(shares);
    if (full !== undefined) return `too many frames of ${full.who} to remember`;
    if (this.#seen.size >= this.#capacity) return 'too many frames to remember';
    this.#seen.set(key, { at: now, pool, agent });
    this.#counts.take(shares);
    return undefined;
  }

  /** The name of an agent begins with its pool and a space, so that the two are never one. */
  #sharesOf(pool: string, agent: string): readonly NonceShare[] {
    const share = (part: number): number => Math.max(2, Math.floor(this.#capacity * part));
    return [
      { key: agent, most: share(agentShare), who: 'one agent' },
      { key: pool, most: share(poolShare), who: 'one pool' },
    ];
  }

  #forget(now: number): void {
    for (const [key, { at, pool, agent }] of this.#seen) {
      if (now - at <= 2 * frameSkewMs) return;
      this.#seen.delete(key);
      this.#counts.give([{ key: agent }, { key: pool }]);
    }
  }
}
