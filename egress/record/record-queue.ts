/**
 * Records on their way to telemetry, sans-io: admitted before a call is let through, encoded after its answer, batched, and
 * held until telemetry has them. Bounded in bytes, with a share for each agent (FairRoom): whoever fills his gets no
 * slot any more, and what had a slot is never lost for want of room. It never throws.
 */
import { FairRoom } from '../../contract/index.ts';
import {
  OtlpBatch,
  smallRecordBytes,
  type BatchAttributes,
  type RecordForm,
  type SinkPart,
} from './otlp-batch.ts';
import { RefusalMerger, countOf } from './refusal-merger.ts';
import type { SpanRecord } from './span-record.ts';

/** The right to one record, and the room for it. */
export interface RecordSlot {
  /** Once; after it or `release`, nothing happens. */
  put(record: SpanRecord): void;
  /** Nothing came of the call. */
  release(): void;
}

export interface Parcel {
  readonly signal: 'traces' | 'logs';
  readonly body: Buffer;
  /** Records that are lost with it; of a record its log alone does not count again. */
  readonly records: number;
}

/** A closed batch: the bodies of two export requests. */
export interface RecordBatch {
  readonly traces: Buffer;
  readonly logs: Buffer;
  readonly records: number;
  /** What of it is for which sink, in memory of its own. */
  readonly parts: readonly SinkPart[];
}

export interface RecordQueueOptions extends BatchAttributes {
  /** Bytes that may wait, all in all. */
  readonly maxWaitingBytes: number;
  /** Records that telemetry will not get. */
  readonly onDropped: (records: number) => void;
  /** There is something to encode and to send. */
  readonly onQueued: () => void;
  /** Sees each batch when it is closed, before it is sent. */
  readonly onBatch?: (batch: RecordBatch) => void;
  /** Somebody takes what is for this sink; absent: nobody ever. */
  readonly isSinkWanted?: (sink: string) => boolean;
}

interface Pending {
  readonly record: SpanRecord;
  readonly agentId: string;
  /** Bytes that were taken for it. */
  readonly taken: number;
}

type Charges = Map<string, number>;

class Slot implements RecordSlot {
  #owner: RecordSlot | undefined;

  constructor(owner: RecordSlot) {
    this.#owner = owner;
  }

  put(record: SpanRecord): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.put(record);
  }

  release(): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.release();
  }
}

/** The part of an agent that is its own: the room of four calls, or some ten usual records. */
const ownPartBytes = 64 * 1024;
/** Telemetry takes 16 MiB a request. */
const maxBatchBytes = 2 * 1024 * 1024;
const maxBatchRecords = 2_048;
/** Records not encoded yet; what they captured is on top of what is accounted for. */
const maxPending = 64;
const forms: readonly RecordForm[] = ['whole', 'headers', 'small'];

export class RecordQueue {
  readonly #options: RecordQueueOptions;
  readonly #shares: FairRoom;
  readonly #batch: OtlpBatch;
  readonly #refusals = new RefusalMerger();
  #pending: Pending[] = [];
  /** What the open batch holds of each agent's share; then of each pair of parcels. */
  #charges: Charges = new Map();
  #parcels: Parcel[] = [];
  #sentCharges: Charges[] = [];
  #lastBatchAt = 0;

  constructor(options: RecordQueueOptions) {
    this.#options = options;
    this.#shares = new FairRoom({ limit: options.maxWaitingBytes, ownPart: ownPartBytes });
    this.#batch = new OtlpBatch(options);
  }

  /** Bytes held for records, promised room included. Never above the bound. */
  get heldBytes(): number {
    return this.#shares.total;
  }

  /** Refusals that were counted in the record of another. */
  get mergedRefusals(): number {
    return this.#refusals.merged;
  }

  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  /** A batch is closed and waits. */
  get hasParcel(): boolean {
    return this.#parcels.length > 0;
  }

  /** When `cut` or `next` last looked, Unix milliseconds. */
  get lastBatchAt(): number {
    return this.#lastBatchAt;
  }

  /** Whatever came is in a closed batch. */
  get isSettled(): boolean {
    return !this.isPending && this.#batch.count === 0 && this.#refusals.isEmpty;
  }

  get isEmpty(): boolean {
    return this.isSettled && !this.hasParcel;
  }

  /** undefined: no room in the agent's share. */
  admit(agentId: string): RecordSlot | undefined {
    if (!this.#shares.take(agentId, smallRecordBytes)) return undefined;
    return new Slot({
      put: (record) => this.#queue({ record, agentId, taken: smallRecordBytes }),
      release: () => this.#shares.give(agentId, smallRecordBytes),
    });
  }

  /** A record that had no slot: refusals are merged, others dropped where there is no room, and counted. */
  add(record: SpanRecord): void {
    const next = record.refused ? this.#refusals.offer(record) : record;
    if (next === undefined) this.#options.onQueued();
    else this.#addOne(next);
  }

  #addOne(record: SpanRecord): void {
    const { agentId } = record;
    if (this.#shares.take(agentId, smallRecordBytes)) {
      this.#queue({ record, agentId, taken: smallRecordBytes });
    } else if (record.refused) {
      this.#refusals.putBack(record);
      this.#options.onQueued();
    } else this.#options.onDropped(1);
  }

  #queue(pending: Pending): void {
    this.#pending.push(pending);
    if (this.#pending.length >= maxPending) this.encode();
    this.#options.onQueued();
  }

  /** Encodes what came; outside of the turn that answers. */
  encode(): void {
    const pending = this.#pending;
    this.#pending = [];
    for (const each of pending) this.#encodeOne(each);
  }

  #encodeOne({ record, agentId, taken }: Pending): void {
    for (const form of forms) {
      const size = this.#batch.addIf(record, form, (bytes) => this.#settleRoom(agentId, taken, bytes));
      if (size === undefined) continue;
      this.#charges.set(agentId, (this.#charges.get(agentId) ?? 0) + size);
      if (this.#isFull) this.#close();
      return;
    }
    this.#shares.give(agentId, taken);
    this.#options.onDropped(countOf(record));
  }

  /** From the room that was promised to the room that is needed; false: there is not so much. */
  #settleRoom(agentId: string, taken: number, size: number): boolean {
    if (size > taken) return this.#shares.take(agentId, size - taken);
    this.#shares.give(agentId, taken - size);
    return true;
  }

  get #isFull(): boolean {
    return this.#batch.byteLength >= maxBatchBytes || this.#batch.count >= maxBatchRecords;
  }

  /** The open batch becomes two parcels. */
  #close(): void {
    const records = this.#batch.count;
    if (records === 0) return;
    const { traces, logs, parts } = this.#batch.take(this.#options.isSinkWanted);
    this.#options.onBatch?.({ traces, logs, records, parts });
    this.#parcels.push(
      { signal: 'traces', body: traces, records },
      { signal: 'logs', body: logs, records: 0 },
    );
    this.#sentCharges.push(this.#charges);
    this.#charges = new Map();
  }

  /**
   * What is to be sent next. The open batch only goes when nothing else waits: while telemetry is away it fills up, and
   * the number of parcels stays small.
   */
  next(now: number): Parcel | undefined {
    if (this.#parcels.length === 0) this.cut(now);
    return this.#parcels[0];
  }

  /** Closes the open batch, whatever waits before it. */
  cut(now: number): void {
    this.#lastBatchAt = now;
    for (const record of this.#refusals.due(now)) this.#addOne(record);
    this.encode();
    this.#close();
  }

  /** The parcel that `next` gave is over. `reusable`: nobody reads its bytes any more. */
  settle(outcome: 'sent' | 'refused', reusable: boolean): void {
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return;
    if (reusable) this.#batch.recycle(parcel.signal, parcel.body);
    if (outcome === 'refused' && parcel.records > 0) this.#options.onDropped(parcel.records);
    if (parcel.signal !== 'logs') return;
    for (const [agentId, bytes] of this.#sentCharges.shift() ?? []) this.#shares.give(agentId, bytes);
  }

  /** Refusals that wait to be merged will wait no longer: the end is near. */
  finish(now: number): void {
    for (const record of this.#refusals.due(now, true)) this.#addOne(record);
    this.encode();
  }

  /** Gives up what is left, and counts it. */
  drop(): void {
    this.encode();
    this.#close();
    const waiting = this.#refusals.due(0, true).reduce((sum, record) => sum + countOf(record), 0);
    const lost = this.#parcels.reduce((sum, parcel) => sum + parcel.records, waiting);
    while (this.#parcels.length > 0) this.settle('sent', false);
    if (lost > 0) this.#options.onDropped(lost);
  }
}
