/**
 * Batches of records on their way to telemetry: written as they come, sent a few times a second over OTLP/HTTP, kept and
 * sent again while telemetry is away. Bounded: what does not fit is dropped and counted. It never waits and never throws.
 */
import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { SpanRecord } from './exchange-record.ts';
import { OtlpBatch } from './otlp-batch.ts';

export interface OtlpOutboxOptions {
  /** Base URL; `/v1/traces` and `/v1/logs` are added. */
  readonly endpoint: string;
  readonly token: string;
  /** Trusted for an `https:` endpoint. */
  readonly caPem?: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly onDropped: (records: number) => void;
  /** What may wait, all in all; a test makes it small. */
  readonly maxWaitingBytes?: number;
}

interface Parcel {
  readonly signal: 'traces' | 'logs';
  readonly body: Buffer;
  /** Records that are lost with it. */
  readonly records: number;
}

const flushMs = 250;
/** Telemetry takes 16 MiB a request. */
const maxBatchBytes = 2 * 1024 * 1024;
const maxBatchRecords = 2_048;
const requestTimeoutMs = 10_000;
/** A few seconds of full load. */
const defaultMaxWaiting = 64 * 1024 * 1024;
const firstRetryMs = 200;
const lastRetryMs = 10_000;

type Outcome = 'sent' | 'again' | 'refused';

function outcomeOf(status: number): Outcome {
  if (status < 300) return 'sent';
  return status === 408 || status === 429 || status >= 500 ? 'again' : 'refused';
}

export class OtlpOutbox {
  readonly #options: OtlpOutboxOptions;
  readonly #batch: OtlpBatch;
  readonly #agent: HttpAgent;
  readonly #request: typeof requestHttp;
  readonly #base: string;
  readonly #maxWaiting: number;
  #waiting: Parcel[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #sending = false;
  #closed = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: OtlpOutboxOptions) {
    this.#options = options;
    this.#batch = new OtlpBatch(options.resource);
    this.#base = options.endpoint.replace(/\/$/, '');
    this.#maxWaiting = options.maxWaitingBytes ?? defaultMaxWaiting;
    const secure = this.#base.startsWith('https:');
    const ca = options.caPem === undefined ? {} : { ca: options.caPem };
    this.#agent = secure ? new HttpsAgent({ keepAlive: true, ...ca }) : new HttpAgent({ keepAlive: true });
    this.#request = secure ? requestHttps : requestHttp;
  }

  add(record: SpanRecord): void {
    if (this.#closed || this.#waitingBytes + this.#batch.byteLength > this.#maxWaiting) {
      this.#options.onDropped(1);
      return;
    }
    this.#batch.add(record);
    if (this.#batch.byteLength >= maxBatchBytes || this.#batch.count >= maxBatchRecords) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), flushMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = this.#batch.count;
    if (records === 0) return;
    const { traces, logs } = this.#batch.take();
    // A record is lost when its span is; its log alone does not count again.
    this.#waiting.push(
      { signal: 'traces', body: traces, records },
      { signal: 'logs', body: logs, records: 0 },
    );
    this.#waitingBytes += traces.length + logs.length;
    this.#send();
  }

  /** One request at a time, in order. */
  #send(): void {
    const [parcel] = this.#waiting;
    if (parcel === undefined) {
      this.#onEmpty?.();
      return;
    }
    if (this.#sending || this.#retryTimer !== undefined) return;
    this.#sending = true;
    this.#post(parcel, (outcome) => {
      this.#sending = false;
      if (outcome === 'again') this.#later();
      else this.#settle(parcel, outcome);
    });
  }

  #settle(parcel: Parcel, outcome: 'sent' | 'refused'): void {
    this.#waiting.shift();
    this.#waitingBytes -= parcel.body.length;
    if (outcome === 'refused' && parcel.records > 0) this.#options.onDropped(parcel.records);
    this.#retryMs = firstRetryMs;
    this.#send();
  }

  #later(): void {
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#send();
    }, this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
  }

  #post({ signal, body }: Parcel, done: (outcome: Outcome) => void): void {
    let told = false;
    const tell = (outcome: Outcome): void => {
      if (told) return;
      told = true;
      done(outcome);
    };
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
      authorization: `Bearer ${this.#options.token}`,
    };
    const options = { method: 'POST', agent: this.#agent, timeout: requestTimeoutMs, headers };
    try {
      const request = this.#request(`${this.#base}/v1/${signal}`, options, (response) => {
        response.resume();
        response.once('end', () => {
          const outcome = outcomeOf(response.statusCode ?? 500);
          // Not while the bytes may be on their way still: an answer before all was read, or a second attempt.
          const isRead = outcome === 'sent' && request.writableFinished && !told;
          if (isRead) this.#batch.recycle(signal, body);
          tell(outcome);
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

  /** Sends what is left, for at most `graceMs`; what is left then is dropped and counted. */
  async close(graceMs: number): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    if (this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    clearTimeout(this.#retryTimer);
    const lost = this.#waiting.reduce((sum, parcel) => sum + parcel.records, 0);
    this.#waiting = [];
    if (lost > 0) this.#options.onDropped(lost);
    this.#agent.destroy();
  }
}
