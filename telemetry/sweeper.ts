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
} from '../contract/index.ts';
import type { Log } from '../process/index.ts';
import { invocationBacklog } from './invocation-stream.ts';
import type { TelemetryMetrics } from './metrics.ts';
import type { Store } from './store.ts';

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
const lookBackHours = 24;
const maxPerSweep = 500;

const overdueQuery = `SELECT argMax(object, (phase_rank, stream_seq)) AS latest
FROM invocation_events
WHERE event_time > now64(3) - INTERVAL ${lookBackHours} HOUR
GROUP BY namespace, parent_kind, parent_name, invocation_id
HAVING max(phase_rank) < 3 AND max(deadline) > toDateTime64(0, 3, 'UTC')
  AND max(deadline) < fromUnixTimestamp64Milli({before: Int64}, 'UTC')
LIMIT ${maxPerSweep}`;

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

async function overdue(options: SweeperOptions): Promise<Invocation[]> {
  const before = Date.now() - (options.graceMs ?? defaultGraceMs);
  const rows = await options.store.query<{ latest: string }>(overdueQuery, { before });
  return rows.flatMap((row) => {
    const value: unknown = JSON.parse(row.latest);
    return Value.Check(invocationSchema, value) ? [value] : [];
  });
}

/** One round; how many were closed. */
export async function sweepOnce(options: SweeperOptions): Promise<number> {
  const jsm = await options.nats.jetstreamManager();
  if ((await invocationBacklog(jsm)) > 0) return 0;
  const js = options.nats.jetstream();
  const lost = await overdue(options);
  for (const invocation of lost) {
    const closed = closeAsLost(invocation, new Date());
    await js.publish(invocationSubject(closed, { role: 'telemetry' }), JSON.stringify(closed), {
      msgID: invocationMessageId(closed),
    });
  }
  if (lost.length > 0) {
    options.metrics.events.inc({ outcome: 'closed_lost' }, lost.length);
    options.log.warn({ count: lost.length }, 'invocations closed as lost');
  }
  return lost.length;
}

/** Runs until the signal; never throws. */
export async function runSweeper(options: SweeperOptions): Promise<void> {
  const { signal, log } = options;
  while (!signal.aborted) {
    await delay(options.everyMs ?? defaultEveryMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await sweepOnce(options).catch((error: unknown) => {
      if (!signal.aborted) log.warn({ reason: errorMessage(error) }, 'sweep failed');
    });
  }
}
