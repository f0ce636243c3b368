/**
 * The queue of records (record-queue.ts) with its clock and its sockets: encoded right after the turn that answered, sent a
 * few times a second over OTLP/HTTP, kept and sent again while telemetry is away. It never waits and never throws.
 */
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { BatchAttributes } from './otlp-batch.ts';
import { RecordQueue, type Parcel, type RecordSlot } from './record-queue.ts';
import type { RecordOutbox } from './recorder.ts';
import type { SpanRecord } from './span-record.ts';

export interface OtlpTarget {
  /** Base URL; `/v1/traces` and `/v1/logs` are added. */
  readonly endpoint: string;
  readonly token: string;
  /** Trusted for an `https:` endpoint. */
  readonly caPem?: string;
}

export interface OtlpOutboxOptions extends OtlpTarget, BatchAttributes {
  /** Records that telemetry will not get. */
  readonly onDropped: (records: number) => void;
  /** Calls that were not admitted because their record would not have fit. */
  readonly onRefused?: () => void;
  /** What may wait, all in all; default 64 MiB. */
  readonly maxWaitingBytes?: number;
}

const flushMs = 250;
const requestTimeoutMs = 10_000;
/** A few seconds of full load; of one agent alone half of it. */
const defaultMaxWaiting = 64 * 1024 * 1024;
const firstRetryMs = 200;
const lastRetryMs = 10_000;

type Outcome = 'sent' | 'again' | 'refused';

function outcomeOf(status: number): Outcome {
  if (status < 300) return 'sent';
  return status === 408 || status === 429 || status >= 500 ? 'again' : 'refused';
}

/** An endpoint and the connections to it. */
class Sender {
  readonly #token: string;
  readonly #base: string;
  readonly #agent: HttpAgent;
  readonly #request: typeof requestHttp;

  constructor({ endpoint, token, caPem }: OtlpTarget) {
    this.#token = token;
    this.#base = endpoint.replace(/\/$/, '');
    const secure = this.#base.startsWith('https:');
    const ca = caPem === undefined ? {} : { ca: caPem };
    this.#agent = secure ? new HttpsAgent({ keepAlive: true, ...ca }) : new HttpAgent({ keepAlive: true });
    this.#request = secure ? requestHttps : requestHttp;
  }

  /** `reusable`: the bytes were read to the end and nobody looks at them any more. */
  post({ signal, body }: Parcel, done: (outcome: Outcome, reusable: boolean) => void): void {
    let told = false;
    const tell = (outcome: Outcome, reusable = false): void => {
      if (told) return;
      told = true;
      done(outcome, reusable);
    };
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
      authorization: `Bearer ${this.#token}`,
    };
    const options = { method: 'POST', agent: this.#agent, timeout: requestTimeoutMs, headers };
    try {
      const request = this.#request(`${this.#base}/v1/${signal}`, options, (response) => {
        response.resume();
        response.once('end', () => {
          const outcome = outcomeOf(response.statusCode ?? 500);
          // Not while the bytes may be on their way still: an answer before all was read, or a second attempt.
          tell(outcome, outcome === 'sent' && request.writableFinished);
        });
        response.once('close', () => tell('again'));
      });
      request.once('timeout', () => request.destroy(new Error('telemetry did not answer in time')));
      request.once('error', () => tell('again'));
      request.end(body);
    } catch {
      // An endpoint that is no URL: telemetry is away until the config says better.
      setImmediate(() => tell('again'));
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

export class OtlpOutbox implements RecordOutbox {
  readonly #options: OtlpOutboxOptions;
  readonly #queue: RecordQueue;
  #sender: Sender;
  #timer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #encoding = false;
  #sending = false;
  #closed = false;
  /** Nothing is sent any more. */
  #isOver = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: OtlpOutboxOptions) {
    this.#options = options;
    this.#sender = new Sender(options);
    const { resource, common = {}, onDropped, maxWaitingBytes = defaultMaxWaiting } = options;
    const onQueued = (): void => this.#soon();
    this.#queue = new RecordQueue({ resource, common, onDropped, maxWaitingBytes, onQueued });
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
    const before = this.#sender;
    this.#sender = new Sender(target);
    // What it is sending ends by an error and is sent again, to the new place.
    before.close();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#retryMs = firstRetryMs;
    this.#send();
  }

  /** Encoding waits for the end of the turn, in which answers leave. */
  #soon(): void {
    if (!this.#encoding && this.#queue.isPending) {
      this.#encoding = true;
      setImmediate(() => {
        this.#encoding = false;
        this.#queue.encode();
        if (this.#queue.hasParcel) this.#send();
      });
    }
    if (this.#isOver) this.#queue.drop();
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#send();
      }, flushMs);
  }

  /** One request at a time, in order. */
  #send(): void {
    if (this.#sending || this.#retryTimer !== undefined) return;
    const parcel = this.#queue.next(Date.now());
    if (parcel === undefined) {
      if (this.#queue.isEmpty) this.#onEmpty?.();
      else this.#soon();
      return;
    }
    this.#sending = true;
    this.#sender.post(parcel, (outcome, reusable) => {
      this.#sending = false;
      if (outcome === 'again') this.#later();
      else this.#settle(outcome, reusable);
    });
  }

  #settle(outcome: 'sent' | 'refused', reusable: boolean): void {
    this.#queue.settle(outcome, reusable);
    this.#retryMs = firstRetryMs;
    // What came meanwhile has its own time, unless it is a batch already.
    if (this.#queue.hasParcel || this.#closed) this.#send();
    else this.#soon();
  }

  #later(): void {
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#send();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
  }

  /** Sends what is left, for at most `graceMs`; what is left then is dropped and counted. */
  async close(graceMs: number): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#queue.finish(Date.now());
    if (!this.#queue.isEmpty) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
        this.#send();
      });
    }
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#timer);
    this.#isOver = true;
    this.#queue.drop();
    this.#sender.close();
  }
}
