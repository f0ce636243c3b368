/**
 * What waits for a receiver of the gateway's owner, sans-io: copies of closed batches, bounded in bytes. What does not fit is given
 * up and counted; nobody is refused or slowed for it.
 */
import type { ParcelSource } from '../record/parcel-courier.ts';
import type { Parcel, RecordBatch } from '../record/record-queue.ts';

/** Bodies of two export requests. */
export type CopiedRecords = Omit<RecordBatch, 'parts'>;

export interface ExportQueueOptions {
  readonly maxBytes: number;
  /** Records that the receiver will not get. */
  readonly onLost: (records: number) => void;
  /** Records that it has. */
  readonly onSent: (records: number) => void;
}

export class ExportQueue implements ParcelSource {
  readonly #options: ExportQueueOptions;
  #parcels: Parcel[] = [];
  #heldBytes = 0;

  constructor(options: ExportQueueOptions) {
    this.#options = options;
  }

  /** Never above the bound. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isEmpty(): boolean {
    return this.#parcels.length === 0;
  }

  offer({ traces, logs, records }: CopiedRecords): void {
    const bytes = traces.length + logs.length;
    if (this.#heldBytes + bytes > this.#options.maxBytes) {
      this.#options.onLost(records);
      return;
    }
    this.#heldBytes += bytes;
    // Of their own memory: that of the batch is used again when the platform's store has it.
    this.#parcels.push(
      { signal: 'traces', body: Buffer.from(traces), records },
      { signal: 'logs', body: Buffer.from(logs), records: 0 },
    );
  }

  next(): Parcel | undefined {
    return this.#parcels[0];
  }

  settle(outcome: 'sent' | 'refused'): void {
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return;
    this.#heldBytes -= parcel.body.length;
    if (parcel.records === 0) return;
    if (outcome === 'sent') this.#options.onSent(parcel.records);
    else this.#options.onLost(parcel.records);
  }

  /** Gives up all that waits, and counts it. */
  drop(): void {
    while (!this.isEmpty) this.settle('refused');
  }
}
