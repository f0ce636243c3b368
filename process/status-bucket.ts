/**
 * The NATS KV bucket data planes report themselves in (contract/process-status.ts), as the platform's own roles see it: put,
 * delete, and a watch that outlives every outage. Apart so that publishers and views share one way to it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Events, type KV, type NatsConnection, type QueuedIterator, type KvEntry } from 'nats';
import { statusBucket } from '../contract/index.ts';

export interface StatusEntry {
  readonly key: string;
  /** Absent: deleted. */
  readonly value?: string;
}

/** Where a process says what it is. */
export interface StatusSink {
  put(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Where it hears of others. */
export interface StatusSource {
  watch(prefix: string, onEntry: (entry: StatusEntry) => void): void;
}

const rewatchMs = 500;
// Half a record's life, so that a restarted server (or a lost delete) is seen in time even if no event told us.
const resyncMs = statusBucket.ttlMs / 2;

export class StatusBucket implements StatusSink, StatusSource {
  readonly #kv: KV;
  readonly #connection: NatsConnection;

  constructor(kv: KV, connection: NatsConnection) {
    this.#kv = kv;
    this.#connection = connection;
  }

  async put(key: string, value: string): Promise<void> {
    await this.#kv.put(key, value);
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(key);
  }

  /** Calls back with every record under `prefix`, then with each change, until the connection is closed. */
  watch(prefix: string, onEntry: (entry: StatusEntry) => void): void {
    void this.#watchForEver(`${prefix.replace(/\.$/, '')}.>`, onEntry);
  }

  async #watchForEver(key: string, onEntry: (entry: StatusEntry) => void): Promise<void> {
    while (!this.#connection.isClosed()) {
      const entries = await this.#kv.watch({ key }).catch(() => undefined);
      if (entries !== undefined) await this.#follow(entries, onEntry);
      else await delay(rewatchMs, undefined, { ref: false });
    }
  }

  /** One watch, ended by a reconnect (the consumer behind it may be gone) or by the resync beat. */
  async #follow(entries: QueuedIterator<KvEntry>, onEntry: (entry: StatusEntry) => void): Promise<void> {
    const stop = (): void => entries.stop();
    const beat = setTimeout(stop, resyncMs);
    beat.unref();
    const statuses = this.#connection.status();
    void (async () => {
      for await (const status of statuses) if (status.type === Events.Reconnect) stop();
    })();
    try {
      for await (const entry of entries) {
        onEntry(entry.operation === 'PUT' ? { key: entry.key, value: entry.string() } : { key: entry.key });
      }
    } catch {
      // The next watch starts from all records again.
    } finally {
      clearTimeout(beat);
      (statuses as unknown as QueuedIterator<unknown>).stop?.();
    }
  }
}

export async function openStatusBucket(connection: NatsConnection): Promise<StatusBucket> {
  const kv = await connection
    .jetstream()
    .views.kv(statusBucket.name, { history: 1, ttl: statusBucket.ttlMs, replicas: 1 });
  return new StatusBucket(kv, connection);
}
