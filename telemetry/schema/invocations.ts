/**
 * The tables of calls. A call that has ended is one wide row, written once, whole, under two orders: by namespace and by
 * agent, each with the phase before the time, so that every list is a few short ranges read from their end and nothing is
 * merged when it is read. What was said before the end is apart and short-lived: only the newest of it can be open.
 * ReplacingMergeTree collects what a repeated delivery wrote twice; no read relies on it.
 */
import { durable } from './merge-tree.ts';
import { tables } from './tables.ts';

const time = "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))";

const columns = `
  namespace String CODEC(ZSTD(1)),
  agent_kind LowCardinality(String),
  agent_name String CODEC(ZSTD(1)),
  agent_uid String CODEC(ZSTD(1)),
  id UUID,
  phase LowCardinality(String),
  reason LowCardinality(String),
  created_at ${time},
  event_time ${time},
  started_at ${time},
  completed_at ${time},
  deadline ${time},
  open_until DateTime64(3, 'UTC') MATERIALIZED greatest(deadline, event_time) + INTERVAL 1 HOUR,
  trigger LowCardinality(String),
  revision String CODEC(ZSTD(1)),
  worker String CODEC(ZSTD(1)),
  trace_id String CODEC(ZSTD(1)),
  http_status UInt16,
  exit_code Int32,
  total_ms Float64,
  stream_seq UInt64 CODEC(Delta, ZSTD(1)),
  ingest_id UInt64 DEFAULT generateSnowflakeID() CODEC(Delta, ZSTD(1)),
  object String CODEC(ZSTD(1)),
  INDEX event_time event_time TYPE minmax GRANULARITY 1,
  INDEX ingest_id ingest_id TYPE minmax GRANULARITY 1,
  INDEX stream_seq stream_seq TYPE minmax GRANULARITY 1,
  INDEX deadline deadline TYPE minmax GRANULARITY 1,
  INDEX open_until open_until TYPE minmax GRANULARITY 1,
  INDEX id id TYPE bloom_filter(0.01) GRANULARITY 8,
  INDEX trace_id trace_id TYPE bloom_filter(0.01) GRANULARITY 8`;

/** Those that are stored and not made by the engine from others. */
export const callColumns: readonly string[] = [...columns.matchAll(/^  ([a-z_]+) (?!.*MATERIALIZED)/gm)].map(
  ([, name = '']) => name,
);

interface Layout {
  readonly orderBy: string;
  readonly partitionBy: string;
  readonly keepFor: string;
}

function createTable(name: string, { orderBy, partitionBy, keepFor }: Layout): string {
  return `CREATE TABLE IF NOT EXISTS ${name} (${columns}
) ENGINE = ReplacingMergeTree PARTITION BY ${partitionBy} ORDER BY (${orderBy})
TTL ${keepFor} SETTINGS ${durable}`;
}

/** A partition a week: 90 days are a dozen, so a list opens few parts. */
const ended = { partitionBy: 'toMonday(created_at)', keepFor: 'toDateTime(created_at) + INTERVAL 90 DAY' };

export const createInvocations: readonly string[] = [
  createTable(tables.invocations, {
    ...ended,
    orderBy: 'namespace, phase, created_at, id, agent_kind, agent_name',
  }),
  createTable(tables.byAgent, {
    ...ended,
    orderBy: 'namespace, agent_kind, agent_name, phase, created_at, id',
  }),
  createTable(tables.progress, {
    partitionBy: 'toStartOfHour(event_time)',
    keepFor: 'toDateTime(event_time) + INTERVAL 2 DAY',
    orderBy: 'namespace, created_at, id, agent_kind, agent_name, stream_seq',
  }),
];
