/** The counters telemetry shows at /metrics. One registry an instance, so that tests do not share them. */
import { Counter, Gauge, Registry } from 'prom-client';

export interface TelemetryMetrics {
  readonly registry: Registry;
  readonly rows: Counter<'table' | 'outcome'>;
  readonly batches: Counter<'table' | 'outcome'>;
  readonly requests: Counter<'signal' | 'code'>;
  readonly events: Counter<'outcome'>;
  readonly spoolBytes: Gauge;
  readonly setAside: Counter<'reason'>;
  readonly pendingBytes: Gauge;
  readonly engineRestarts: Counter;
  /** 0 to 1. */
  readonly streamFill: Gauge;
  readonly streamBacklog: Gauge;
}

export function createMetrics(): TelemetryMetrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    rows: new Counter({
      name: 'clrk_telemetry_rows_total',
      help: 'Rows by table and what became of them: inserted, spooled, replayed, refused, dropped, rejected, foreign.',
      labelNames: ['table', 'outcome'],
      registers,
    }),
    batches: new Counter({
      name: 'clrk_telemetry_batches_total',
      help: 'Insert attempts by table and outcome.',
      labelNames: ['table', 'outcome'],
      registers,
    }),
    requests: new Counter({
      name: 'clrk_telemetry_otlp_requests_total',
      help: 'OTLP requests by signal and HTTP status.',
      labelNames: ['signal', 'code'],
      registers,
    }),
    events: new Counter({
      name: 'clrk_telemetry_invocation_events_total',
      help: 'Invocation events by outcome: materialized, repeated, malformed, foreign, closed_lost.',
      labelNames: ['outcome'],
      registers,
    }),
    spoolBytes: new Gauge({
      name: 'clrk_telemetry_spool_bytes',
      help: 'Bytes in the disk spool.',
      registers,
    }),
    setAside: new Counter({
      name: 'clrk_telemetry_spool_set_aside_total',
      help: 'Batches that can never be inserted, by why: damaged, missing, unreadable, poison.',
      labelNames: ['reason'],
      registers,
    }),
    pendingBytes: new Gauge({
      name: 'clrk_telemetry_pending_bytes',
      help: 'Bytes held in memory until the next flush.',
      registers,
    }),
    streamFill: new Gauge({
      name: 'clrk_telemetry_stream_fill_ratio',
      help: 'How full the invocation stream is; at 1 it refuses events, and calls with them, or forgets the oldest.',
      registers,
    }),
    streamBacklog: new Gauge({
      name: 'clrk_telemetry_stream_backlog_events',
      help: 'Events in the invocation stream that are not in ClickHouse yet.',
      registers,
    }),
    engineRestarts: new Counter({
      name: 'clrk_telemetry_engine_restarts_total',
      help: 'Restarts of the embedded ClickHouse.',
      registers,
    }),
  };
}
