/**
 * Which namespaces need a place in NATS for their leases or counts, and that each gets it: at once where NATS answers, with all
 * others when it comes (back). One that cannot be made never keeps another from being made.
 */
import type { NatsConnection } from 'nats';
import { errorMessage } from '../contract/index.ts';
import { ensureNamespaceBucket, type Log, type NamespaceBucket } from '../process/index.ts';
import { untilDone } from './until-done.ts';

export interface Server {
  readonly connection: NatsConnection;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface Place {
  readonly bucket: NamespaceBucket;
  readonly namespace: string;
}

export class NamespaceBuckets {
  readonly #wanted = new Map<string, Place>();
  /** Those that are being tried again. */
  readonly #trying = new Set<string>();
  #server: Server | undefined;

  /** Never rejects; resolves when it was tried. */
  async keep(bucket: NamespaceBucket, namespace: string): Promise<void> {
    const key = `${bucket}/${namespace}`;
    if (this.#wanted.has(key)) return;
    this.#wanted.set(key, { bucket, namespace });
    if (this.#server !== undefined) await this.#make(this.#server, key);
  }

  /** NATS is there, or there again: perhaps without its disk. Never rejects. */
  async open(server: Server): Promise<void> {
    this.#server = server;
    for (const key of this.#wanted.keys()) await this.#make(server, key);
  }

  close(): void {
    this.#server = undefined;
  }

  async #make(server: Server, key: string): Promise<void> {
    const place = this.#wanted.get(key);
    if (place === undefined || this.#trying.has(key)) return;
    const { bucket, namespace } = place;
    const make = async (): Promise<void> => await ensureNamespaceBucket(server.connection, bucket, namespace);
    try {
      await make();
    } catch (thrown) {
      server.log.warn(
        { error: errorMessage(thrown), bucket, namespace },
        'no place in NATS yet, trying again',
      );
      this.#trying.add(key);
      void untilDone(make, `no place in NATS for ${bucket} of ${namespace} yet, trying again`, server).then(
        () => this.#trying.delete(key),
      );
    }
  }
}
