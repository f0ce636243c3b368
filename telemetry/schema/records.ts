/**
 * The tables of log records and spans, named as the OpenTelemetry ClickHouse exporter names them so that dashboards find
 * them. Ordered by agent and time, because that is how they are read. Each statement may run again.
 */
import { mergeTree } from './merge-tree.ts';

/** `TaskAgent/ns/name` from whichever of the record or its resource names the agent. */
function agentOf(record: string): string {
  const idOf = (map: string): string =>
    `concat(${map}['agent.kind'], '/', ${map}['agent.namespace'], '/', ${map}['agent.name'])`;
  return (
    `multiIf(${record}['agent.name'] != '', ${idOf(record)}, ` +
    `ResourceAttributes['agent.name'] != '', ${idOf('ResourceAttributes')}, '')`
  );
}

function either(record: string, key: string): string {
  return `if(${record}['${key}'] != '', ${record}['${key}'], ResourceAttributes['${key}'])`;
}

/** As the first version of the schema had them. */
export const createLogs = `CREATE TABLE IF NOT EXISTS otel_logs (
  Timestamp DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  TraceId String CODEC(ZSTD(1)),
  SpanId String CODEC(ZSTD(1)),
  TraceFlags UInt8,
  SeverityText LowCardinality(String),
  SeverityNumber UInt8,
  ServiceName LowCardinality(String),
  Body String CODEC(ZSTD(1)),
  ResourceSchemaUrl LowCardinality(String),
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeSchemaUrl LowCardinality(String),
  ScopeName LowCardinality(String),
  ScopeVersion LowCardinality(String),
  ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  IngestedAt DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
  EGRef LowCardinality(String) MATERIALIZED ${either('LogAttributes', 'clrk.egress_gateway')},
  Component LowCardinality(String) MATERIALIZED ${either('LogAttributes', 'clrk.component')},
  InvocationId String MATERIALIZED ${either('LogAttributes', 'invocation.id')},
  Agent String MATERIALIZED ${agentOf('LogAttributes')},
  IoStream LowCardinality(String) MATERIALIZED LogAttributes['log.iostream'],
  INDEX invocation InvocationId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX trace TraceId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ingested IngestedAt TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (Agent, Timestamp, ServiceName)
TTL toDateTime(Timestamp) + INTERVAL 7 DAY SETTINGS ${mergeTree}`;

export const createTraces = `CREATE TABLE IF NOT EXISTS otel_traces (
  Timestamp DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
  TraceId String CODEC(ZSTD(1)),
  SpanId String CODEC(ZSTD(1)),
  ParentSpanId String CODEC(ZSTD(1)),
  TraceState String CODEC(ZSTD(1)),
  SpanName LowCardinality(String),
  SpanKind LowCardinality(String),
  ServiceName LowCardinality(String),
  ScopeName LowCardinality(String),
  ScopeVersion LowCardinality(String),
  Duration UInt64,
  StatusCode LowCardinality(String),
  StatusMessage String,
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  Events Nested (Timestamp DateTime64(9, 'UTC'), Name LowCardinality(String),
    Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
  Links Nested (TraceId String, SpanId String, TraceState String,
    Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
  IngestedAt DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
  EGRef LowCardinality(String) MATERIALIZED ${either('SpanAttributes', 'clrk.egress_gateway')},
  Component LowCardinality(String) MATERIALIZED ${either('SpanAttributes', 'clrk.component')},
  InvocationId String MATERIALIZED ${either('SpanAttributes', 'invocation.id')},
  Agent String MATERIALIZED ${agentOf('SpanAttributes')},
  INDEX invocation InvocationId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX trace TraceId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ingested IngestedAt TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (Agent, Timestamp, TraceId)
TTL toDateTime(Timestamp) + INTERVAL 7 DAY SETTINGS ${mergeTree}`;

/**
 * Numbers every row in the order it became visible: what a follower remembers, and the tie-breaker of a page. Rows that
 * were there before get theirs from when they were ingested, once; ever after the engine numbers each row it takes.
 */
export function addIngestId(table: string): readonly string[] {
  return [
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS IngestId UInt64
DEFAULT dateTime64ToSnowflakeID(IngestedAt) CODEC(Delta, ZSTD(1))`,
    `ALTER TABLE ${table} MATERIALIZE COLUMN IngestId`,
  ];
}

/** After the rows that were there have their numbers. */
export function numberByEngine(table: string): readonly string[] {
  const column = 'IngestId UInt64 DEFAULT generateSnowflakeID() CODEC(Delta, ZSTD(1))';
  return [
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${column}`,
    `ALTER TABLE ${table} MODIFY COLUMN ${column},
ADD INDEX IF NOT EXISTS ingest_id IngestId TYPE minmax GRANULARITY 1`,
  ];
}
