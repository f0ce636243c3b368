/**
 * Keeps the invocation stream from filling up with what is stored already. What ClickHouse has is kept an hour, because
 * NATS rebuilds its memory of message ids from the stream; but as soon as the stream is half full, old events give way.
 * What is not stored yet never does: a stream full of that stops calls, or forgets, as the installation chose, and is told
 * of long before.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamManager, NatsConnection } from 'nats';
import { errorMessage, invocationStream } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { TelemetryMetrics } from '../metrics.ts';

/** How full the stream is, and up to where its events are stored. */
export interface StreamState {
  readonly bytes: number;
  readonly maxBytes: number;
  /** Of the first event that is there. */
  readonly firstSeq: number;
  /** All up to this one are in ClickHouse. */
  readonly storedSeq: number;
  /** Events that wait for ClickHouse. */
  readonly backlog: number;
}

/** That all up to `seq` was stored at `atMs`. */
export interface Mark {
  readonly seq: number;
  readonly atMs: number;
}

/** From here on nothing that is stored is kept for later. */
export const pressureFill = 0.5;
/** Events are kept at least this long after they were stored, where there is room. */
const keepMs = 60 * 60 * 1000;
const markEveryMs = 60 * 1000;

export function fillOf({ bytes, maxBytes }: StreamState): number {
  return maxBytes > 0 ? bytes / maxBytes : 0;
}

/** Pure: everything below this sequence may go; undefined: nothing. */
export function purgeBelow(state: StreamState, marks: readonly Mark[], nowMs: number): number | undefined {
  const old = marks.findLast(({ atMs }) => atMs <= nowMs - keepMs)?.seq ?? 0;
  const upTo = fillOf(state) >= pressureFill ? state.storedSeq : Math.min(old, state.storedSeq);
  return upTo >= state.firstSeq && upTo > 0 ? upTo + 1 : undefined;
}

export async function readStreamState(jsm: JetStreamManager): Promise<StreamState> {
  const { name, consumer } = invocationStream;
  const [stream, reader] = await Promise.all([jsm.streams.info(name), jsm.consumers.info(name, consumer)]);
  return {
    bytes: stream.state.bytes,
    maxBytes: stream.config.max_bytes,
    firstSeq: stream.state.first_seq,
    storedSeq: reader.ack_floor.stream_seq,
    backlog: reader.num_pending + reader.num_ack_pending,
  };
}

export interface StreamKeeperOptions {
  readonly nats: NatsConnection;
  readonly metrics: TelemetryMetrics;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now?: () => number;
  readonly everyMs?: number;
}

const defaultEveryMs = 5_000;
const warnEveryMs = 60_000;

export class StreamKeeper {
  readonly #options: StreamKeeperOptions;
  readonly #now: () => number;
  #marks: Mark[] = [];
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(options: StreamKeeperOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** One look; gives what it saw. Throws what NATS says. */
  async look(): Promise<StreamState> {
    const jsm = await this.#options.nats.jetstreamManager();
    const state = await readStreamState(jsm);
    this.#tell(state);
    this.#mark(state.storedSeq);
    const below = purgeBelow(state, this.#marks, this.#now());
    if (below !== undefined) await jsm.streams.purge(invocationStream.name, { seq: below });
    return state;
  }

  /** Looks until the signal; never throws. */
  async run(): Promise<void> {
    const { signal, log, everyMs = defaultEveryMs } = this.#options;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        if (!signal.aborted)
          log.warn({ reason: errorMessage(error) }, 'the invocation stream is not looked after');
      });
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #tell(state: StreamState): void {
    const { metrics, log } = this.#options;
    const fill = fillOf(state);
    metrics.streamFill.set(fill);
    metrics.streamBacklog.set(state.backlog);
    const now = this.#now();
    if (fill < pressureFill || now - this.#warnedMs < warnEveryMs) return;
    this.#warnedMs = now;
    const percent = Math.round(fill * 100);
    const { backlog } = state;
    log.warn(
      { percent, backlog },
      'the invocation stream fills up; full, it does what CLRK_STREAM_FULL says',
    );
  }

  #mark(seq: number): void {
    const now = this.#now();
    const last = this.#marks.at(-1);
    if (last === undefined || now - last.atMs >= markEveryMs) this.#marks.push({ seq, atMs: now });
    // The one mark that is old enough is enough of those that are.
    const old = this.#marks.findLastIndex(({ atMs }) => atMs <= now - keepMs);
    if (old > 0) this.#marks = this.#marks.slice(old);
  }
}
