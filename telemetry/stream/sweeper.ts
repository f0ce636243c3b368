/**
 * Closes invocations nobody will close: past their deadline and a grace, without a terminal event, their worker and
 * ingress both gone. Publishes Failed/Lost under the shared terminal message id, so a late real one and ours can
 * never both count. It must not judge while events wait for ClickHouse: what it has not read is not lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { Value } from 'typebox/value';
import {
  errorMessage,
  invocationMessageId,
  invocationSchema,
  invocationSubject,
  type Invocation,
} from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import { invocationBacklog } from './invocation-stream.ts';
import { overdueIn, toldLate } from './overdue.ts';
import { storeNow } from '../store/store-clock.ts';
import type { TelemetryMetrics } from '../metrics.ts';
import { idAtMs } from '../read/seen-ids.ts';
import type { Store } from '../store/store.ts';

export interface SweeperOptions {
  readonly nats: NatsConnection;
  readonly store: Pick<Store, 'query'>;
  readonly metrics: TelemetryMetrics;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
  readonly graceMs?: number;
}

const defaultEveryMs = 15_000;
const defaultGraceMs = 30_000;
/** An invocation lives at most minutes; a day covers any outage after which the sweep still makes sense. */
const lookBackMs = 24 * 3600 * 1000;
/** Of deadlines, at a time: bounds what one question reads. */
const stretchMs = 10 * 60 * 1000;
const maxAtOnce = 500;
const overlapMs = 60_000;

/** The terminal snapshot of an invocation that was lost. */
export function closeAsLost(invocation: Invocation, now: Date): Invocation {
  return {
    ...invocation,
    status: {
      ...invocation.status,
      phase: 'Failed',
      reason: 'Lost',
      message: 'no process reported how this invocation ended',
      completionTime: now.toISOString(),
    },
  };
}

function parseInvocation(object: string): Invocation | undefined {
  const value: unknown = JSON.parse(object);
  return Value.Check(invocationSchema, value) ? value : undefined;
}

export class Sweeper {
  readonly #options: SweeperOptions;
  /** Deadlines up to here have been looked at. */
  #sweptMs: number | undefined;
  /** What was told of up to this number has. */
  #sweptId = '0';

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** One round: every stretch that has passed; how many were closed. */
  async sweep(): Promise<number> {
    const { nats, store, graceMs = defaultGraceMs } = this.#options;
    const jsm = await nats.jetstreamManager();
    if ((await invocationBacklog(jsm)) > 0) return 0;
    const now = await storeNow(store);
    const untilMs = now.ms - graceMs;
    let closed = 0;
    for (
      let fromMs = this.#sweptMs ?? untilMs - lookBackMs;
      fromMs < untilMs;
      fromMs = this.#sweptMs ?? untilMs
    ) {
      const stretch = { fromMs, untilMs: Math.min(untilMs, fromMs + stretchMs) };
      const lost = await overdueIn(store, stretch, maxAtOnce);
      closed += await this.#close(lost);
      // As many as were asked for: there may be more in this stretch. They are closed by then, so the next round goes on.
      if (lost.length >= maxAtOnce) return closed;
      this.#sweptMs = stretch.untilMs;
    }
    const late = await toldLate(store, this.#sweptMs ?? untilMs, this.#sweptId, maxAtOnce);
    closed += await this.#close(late);
    if (late.length < maxAtOnce) this.#sweptId = idBefore(now.id);
    return closed;
  }

  async #close(objects: readonly string[]): Promise<number> {
    const { nats, metrics, log } = this.#options;
    const js = nats.jetstream();
    const lost = objects.map(parseInvocation).filter((each) => each !== undefined);
    for (const invocation of lost) {
      const closed = closeAsLost(invocation, new Date());
      await js.publish(invocationSubject(closed, { role: 'telemetry' }), JSON.stringify(closed), {
        msgID: invocationMessageId(closed),
      });
    }
    if (lost.length > 0) {
      metrics.events.inc({ outcome: 'closed_lost' }, lost.length);
      log.warn({ count: lost.length }, 'invocations closed as lost');
    }
    return lost.length;
  }
}

/** Numbers are given before rows are visible: what was told of lately is looked at again. */
function idBefore(id: string): string {
  const before = BigInt(id) - idAtMs(overlapMs);
  return String(before > 0n ? before : 0n);
}

/** Runs until the signal; never throws. */
export async function runSweeper(options: SweeperOptions): Promise<void> {
  const { signal, log } = options;
  const sweeper = new Sweeper(options);
  while (!signal.aborted) {
    await delay(options.everyMs ?? defaultEveryMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await sweeper.sweep().catch((error: unknown) => {
      if (!signal.aborted) log.warn({ reason: errorMessage(error) }, 'sweep failed');
    });
  }
}
