/**
 * Connections of HTTP/1.1 between two calls. Bounded for a target and for all, and shared: an agent of thousands of targets loses its
 * own connections, not those of others.
 */
import { FairCache } from '../../contract/index.ts';

export interface IdleConnection {
  readonly usable: boolean;
  /** Since when it waits; a clock of milliseconds. */
  idleSince: number;
  abort(): void;
}

// Under the 5 s after which node servers close idle connections, the shortest among the common ones.
const maxIdleMs = 4_000;
const maxPerTarget = 64;
export const maxIdleTargets = 1000;

export class IdleConnections<C extends IdleConnection> {
  readonly #now: () => number;
  /** By target, which names the agent too: what one agent's rules opened is never lent to another. */
  readonly #targets = new FairCache<C[]>({
    max: maxIdleTargets,
    onEvict: (connections) => {
      for (const connection of connections) connection.abort();
    },
  });

  constructor(now: () => number) {
    this.#now = now;
  }

  get empty(): boolean {
    return this.#targets.size === 0;
  }

  keep(agentId: string, key: string, connection: C): void {
    const known = this.#targets.get(key);
    if (known !== undefined && known.length >= maxPerTarget) {
      connection.abort();
      return;
    }
    connection.idleSince = this.#now();
    if (known === undefined) this.#targets.set(agentId, key, [connection]);
    else known.push(connection);
  }

  take(key: string): C | undefined {
    const known = this.#targets.get(key);
    for (let connection = known?.pop(); connection !== undefined; connection = known?.pop()) {
      if (connection.usable) return connection;
    }
    return undefined;
  }

  /** Closes what has waited too long or is dead. */
  sweep(): void {
    const oldest = this.#now() - maxIdleMs;
    for (const [key, known] of this.#targets) {
      const kept = known.filter((connection) => connection.usable && connection.idleSince >= oldest);
      for (const connection of known) if (!kept.includes(connection)) connection.abort();
      known.splice(0, known.length, ...kept);
      if (kept.length === 0) this.#targets.delete(key);
    }
  }

  close(): void {
    for (const [key, known] of this.#targets) {
      for (const connection of known) connection.abort();
      this.#targets.delete(key);
    }
  }
}
