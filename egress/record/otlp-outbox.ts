/**
 * The queue of records (record-queue.ts) with its clock and its sockets: encoded right after the turn that answered, sent a
 * few times a second over OTLP/HTTP, kept and sent again while telemetry is away. It never waits and never throws.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { BatchAttributes } from './otlp-batch.ts';
import { OtlpSender, type Outcome } from './otlp-sender.ts';
import { ParcelCourier } from './parcel-courier.ts';
import { RecordQueue, type RecordBatch, type RecordSlot } from './record-queue.ts';
import type { RecordOutbox } from './recorder.ts';
import type { SpanRecord } from './span-record.ts';

export interface OtlpTarget {
  /** Base URL; `/v1/traces` and `/v1/logs` are added. */
  readonly endpoint: string;
  readonly token: string;
  /** Trusted for an `https:` endpoint. */
  readonly caPem?: string;
}

/** Who else is to have what the platform's store gets, byte for byte, or some of it. It never throws and never waits. */
export interface RecordCopy {
  readonly isWanted: boolean;
  isSinkWanted(sink: string): boolean;
  /** The bytes are the queue's own: whoever keeps them copies them. */
  take(batch: RecordBatch): void;
}

export interface OtlpOutboxOptions extends OtlpTarget, BatchAttributes {
  /** Records that telemetry will not get. */
  readonly onDropped: (records: number) => void;
  /** Calls that were not admitted because their record would not have fit. */
  readonly onRefused?: () => void;
  /** What may wait, all in all; default 64 MiB. */
  readonly maxWaitingBytes?: number;
  readonly copy?: RecordCopy;
}

const flushMs = 250;
/** While telemetry is away, a copy of what comes is told this often. */
const copyMs = 5_000;
/** A few seconds of full load; of one agent alone half of it. */
const defaultMaxWaiting = 64 * 1024 * 1024;

function outcomeOf(status: number): Outcome {
  if (status < 300) return 'sent';
  return status === 408 || status === 429 || status >= 500 ? 'again' : 'refused';
}

function senderOf({ endpoint, token, caPem }: OtlpTarget): OtlpSender {
  const secure = endpoint.startsWith('https:');
  const ca = caPem === undefined ? {} : { ca: caPem };
  return new OtlpSender({
    endpoint,
    headers: { authorization: `Bearer ${token}` },
    agent: secure ? new HttpsAgent({ keepAlive: true, ...ca }) : new HttpAgent({ keepAlive: true }),
    ...(secure ? { request: requestHttps } : {}),
    outcomeOf,
  });
}

export class OtlpOutbox implements RecordOutbox {
  readonly #options: OtlpOutboxOptions;
  readonly #queue: RecordQueue;
  readonly #courier: ParcelCourier;
  #timer: NodeJS.Timeout | undefined;
  #encoding = false;
  #closed = false;
  /** Nothing is sent any more. */
  #isOver = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: OtlpOutboxOptions) {
    this.#options = options;
    const { resource, common = {}, onDropped, maxWaitingBytes = defaultMaxWaiting, copy } = options;
    const onQueued = (): void => this.#soon();
    const onBatch = (batch: RecordBatch): void => {
      if (copy?.isWanted === true) copy.take(batch);
    };
    this.#queue = new RecordQueue({
      ...{ resource, common, onDropped, maxWaitingBytes, onQueued, onBatch },
      isSinkWanted: (sink) => copy?.isSinkWanted(sink) === true,
    });
    this.#courier = new ParcelCourier(senderOf(options), {
      source: this.#queue,
      onIdle: () => this.#rest(),
      onSettled: () => {
        // What came meanwhile has its own time, unless it is a batch already.
        if (this.#queue.hasParcel || this.#closed) this.#courier.send();
        else this.#soon();
      },
    });
  }

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.#queue.heldBytes;
  }

  get mergedRefusals(): number {
    return this.#queue.mergedRefusals;
  }

  /** Before a call is let through. undefined: let it not, its record has no room. */
  admit(agentId: string): RecordSlot | undefined {
    const slot = this.#closed ? undefined : this.#queue.admit(agentId);
    if (slot === undefined) this.#options.onRefused?.();
    return slot;
  }

  add(record: SpanRecord): void {
    if (this.#closed) this.#options.onDropped(1);
    else this.#queue.add(record);
  }

  /** Sends to another place from now on; what waits goes there too. */
  retarget(target: OtlpTarget): void {
    this.#courier.retarget(senderOf(target));
  }

  #rest(): void {
    if (this.#queue.isEmpty) this.#onEmpty?.();
    else this.#soon();
  }

  /** Encoding waits for the end of the turn, in which answers leave. */
  #soon(): void {
    if (!this.#encoding && this.#queue.isPending) {
      this.#encoding = true;
      setImmediate(() => {
        this.#encoding = false;
        this.#queue.encode();
        if (this.#queue.hasParcel) this.#courier.send();
      });
    }
    if (this.#isOver) this.#queue.drop();
    else this.#inTime(flushMs);
  }

  #inTime(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#courier.send();
      this.#copyWhatWaits();
    }, ms);
  }

  /** A store that is away must not keep from others what they are to have: the open batch would fill up first. */
  #copyWhatWaits(): void {
    if (this.#options.copy?.isWanted !== true) return;
    const left = this.#queue.lastBatchAt + copyMs - Date.now();
    if (left <= 0) this.#queue.cut(Date.now());
    else if (!this.#queue.isSettled) this.#inTime(left);
  }

  /** Sends what is left, for at most `graceMs`; what is left then is dropped and counted. */
  async close(graceMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#queue.finish(Date.now());
    if (this.#options.copy?.isWanted === true) this.#queue.cut(Date.now());
    if (!this.#queue.isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#courier.send();
      });
    }
    clearTimeout(this.#timer);
    this.#isOver = true;
    this.#queue.drop();
    this.#courier.close();
  }
}
