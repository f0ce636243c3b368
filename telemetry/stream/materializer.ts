/**
 * JetStream to ClickHouse: takes invocation events in order, inserts them, acknowledges after the insert, retries
 * for ever. At least once here, exactly once in what is read: tokens, and a question to the store about what came again.
 * A malformed event is terminated and counted; it must never block those behind it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JsMsg, NatsConnection } from 'nats';
import { errorMessage, invocationStream } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import { tables } from '../schema/tables.ts';
import { readEvents, renderInserts, type Event } from './event-batch.ts';
import { ensureInvocationStream, materializerBatch, type StreamSettings } from './invocation-stream.ts';
import { withoutKnown } from './known-calls.ts';
import type { TelemetryMetrics } from '../metrics.ts';
import { isPoison } from '../store/insert-failure.ts';
import type { Store } from '../store/store.ts';

export interface MaterializerOptions {
  readonly nats: NatsConnection;
  readonly store: Pick<Store, 'insert' | 'query'>;
  readonly metrics: TelemetryMetrics;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stream?: StreamSettings;
  /** How long a batch waits for company after its first event. */
  readonly gatherMs?: number;
}

/** Between tries, as the original waits. */
const retryMinMs = 250;
const retryMaxMs = 5_000;
/** Well inside the consumer's ack wait of 10 s. */
const workingEveryMs = 3_000;

export class Materializer {
  readonly #options: MaterializerOptions;
  #connected = false;
  /** Events up to this number may have been delivered before: to another process, or before NATS forgot that it did. */
  #toldUpTo = 0;

  constructor(options: MaterializerOptions) {
    this.#options = options;
  }

  /** True once the stream exists and is being read. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Runs until the signal; never throws. */
  async run(): Promise<void> {
    const { log, signal } = this.#options;
    let wait = retryMinMs;
    while (!signal.aborted) {
      try {
        await this.#consume();
        wait = retryMinMs;
      } catch (error) {
        if (!signal.aborted) log.warn({ reason: errorMessage(error) }, 'invocation stream not readable');
      }
      this.#connected = false;
      await this.#sleep(wait);
      wait = Math.min(wait * 2, retryMaxMs);
    }
  }

  async #consume(): Promise<void> {
    const { nats, signal } = this.#options;
    const jsm = await ensureInvocationStream(nats, this.#options.stream);
    this.#toldUpTo = (await jsm.streams.info(invocationStream.name)).state.last_seq;
    const consumer = await nats.jetstream().consumers.get(invocationStream.name, invocationStream.consumer);
    const messages = await consumer.consume({
      max_messages: materializerBatch * 2,
      // Ends the iterator when stream or consumer vanish (a server that lost its data): they are made again.
      abort_on_missing_resource: true,
    });
    const stop = (): void => void messages.close();
    signal.addEventListener('abort', stop, { once: true });
    this.#connected = true;
    try {
      await this.#gather(messages);
    } finally {
      signal.removeEventListener('abort', stop);
      // Not awaited: it ends when what is queued has been taken, and nobody takes it any more.
      void messages.close().catch(() => undefined);
    }
  }

  /** Batches of 256 or of what came within the gathering time, strictly one after the other. */
  async #gather(messages: AsyncIterable<JsMsg>): Promise<void> {
    const iterator = messages[Symbol.asyncIterator]();
    let next = iterator.next();
    for (;;) {
      const first = await next;
      if (first.done === true) return;
      const batch = [first.value];
      next = iterator.next();
      const timeout = delay(this.#options.gatherMs ?? 150).then(() => undefined);
      while (batch.length < materializerBatch) {
        const item = await Promise.race([next, timeout]);
        if (item === undefined || item.done === true) break;
        batch.push(item.value);
        next = iterator.next();
      }
      await this.#materialize(batch);
      if (this.#options.signal.aborted) return;
    }
  }

  async #materialize(messages: readonly JsMsg[]): Promise<void> {
    const { metrics } = this.#options;
    const { events, malformed, foreign } = readEvents(
      messages.map((message) => ({
        subject: message.subject,
        seq: message.seq,
        timestampNanos: message.info.timestampNanos,
        // A NATS that was killed counts from what it had written down, and calls a second delivery the first.
        redelivered: message.redelivered || message.seq <= this.#toldUpTo,
        data: message.data,
      })),
    );
    for (const { seq } of messages) this.#toldUpTo = Math.max(this.#toldUpTo, seq);
    this.#countDropped({ malformed, foreign }, messages[0]?.seq);
    const working = setInterval(() => messages.forEach((message) => message.working()), workingEveryMs);
    let isStored: boolean;
    try {
      isStored = await this.#storeForEver(events);
    } finally {
      clearInterval(working);
    }
    // Shutting down without an insert: no acknowledgement, the next process gets them again.
    if (!isStored) return;
    metrics.events.inc({ outcome: 'materialized' }, events.length);
    for (const message of messages) message.ack();
  }

  #countDropped(dropped: Readonly<Record<'malformed' | 'foreign', number>>, first: number | undefined): void {
    const { metrics, log } = this.#options;
    for (const outcome of ['malformed', 'foreign'] as const) {
      const count = dropped[outcome];
      if (count === 0) continue;
      metrics.events.inc({ outcome }, count);
      log.error({ outcome, count, first }, 'invocation events dropped');
    }
  }

  /** Each insert carries its token, so a round that failed half-way is repeated whole. False: told to stop before one succeeded. */
  async #storeForEver(events: readonly Event[]): Promise<boolean> {
    const { log, metrics, signal } = this.#options;
    let wait = retryMinMs;
    for (;;) {
      try {
        await this.#store(events);
        return true;
      } catch (error) {
        metrics.batches.inc({ table: tables.invocations, outcome: 'failed' });
        log.warn({ reason: errorMessage(error).slice(0, 300) }, 'invocation events wait for ClickHouse');
        if (signal.aborted) return false;
        await this.#sleep(wait);
        wait = Math.min(wait * 2, retryMaxMs);
      }
    }
  }

  async #store(events: readonly Event[]): Promise<void> {
    const { store, metrics } = this.#options;
    const fresh = await withoutKnown(store, events);
    if (fresh.length < events.length)
      metrics.events.inc({ outcome: 'repeated' }, events.length - fresh.length);
    await this.#insert(fresh);
  }

  /** One event that ClickHouse refuses must not block those behind it: it is found by halves and dropped. */
  async #insert(events: readonly Event[]): Promise<void> {
    const { store, metrics, log } = this.#options;
    try {
      for (const insert of renderInserts(events)) await store.insert(insert);
    } catch (error) {
      if (!isPoison(error)) throw error;
      if (events.length === 1) {
        metrics.events.inc({ outcome: 'malformed' });
        const reason = errorMessage(error).slice(0, 300);
        log.error({ seq: events[0]?.seq, reason }, 'ClickHouse refuses an invocation event; it is dropped');
        return;
      }
      const middle = events.length >> 1;
      await this.#insert(events.slice(0, middle));
      await this.#insert(events.slice(middle));
    }
  }

  async #sleep(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }
}
