/**
 * The ClickHouse tables (reference/clrk.md d) as statements that may run at every start. It is a table, so it is
 * long. Differences from the original: ordered by agent and time, because that is how they are read; inserts carry
 * a deduplication token, so the window is on (it is off by default for plain MergeTree); an event repeated after a
 * lost acknowledgement collapses by its stream sequence.
 */

/** Batches whose tokens ClickHouse remembers: hours of batches at one a second and table. */
const deduplication = 'non_replicated_deduplication_window = 10000';
const mergeTree = `index_granularity = 8192, ttl_only_drop_parts = 1, ${deduplication}`;

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

const logs = `CREATE TABLE IF NOT EXISTS otel_logs (
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

const traces = `CREATE TABLE IF NOT EXISTS otel_traces (
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

// A non-terminal event may arrive after the terminal one (two publishers): the rank of the phase decides first.
const phaseRank =
  "multiIf(phase IN ('Succeeded','Failed','Timeout','Rejected'), 3, phase = 'Running', 2, phase = 'Dispatched', 1, 0)";

const events = `CREATE TABLE IF NOT EXISTS invocation_events (
  object String CODEC(ZSTD(1)),
  stream_seq UInt64,
  event_time DateTime64(3, 'UTC'),
  namespace String MATERIALIZED JSONExtractString(object, 'metadata', 'namespace'),
  parent_kind LowCardinality(String) MATERIALIZED JSONExtractString(object, 'spec', 'parentRef', 'kind'),
  parent_name String MATERIALIZED JSONExtractString(object, 'spec', 'parentRef', 'name'),
  invocation_id String MATERIALIZED JSONExtractString(object, 'metadata', 'uid'),
  created_at DateTime64(3, 'UTC') MATERIALIZED
    parseDateTime64BestEffortOrZero(JSONExtractString(object, 'metadata', 'creationTimestamp'), 3, 'UTC'),
  phase LowCardinality(String) MATERIALIZED JSONExtractString(object, 'status', 'phase'),
  phase_rank UInt8 MATERIALIZED ${phaseRank},
  deadline DateTime64(3, 'UTC') MATERIALIZED
    parseDateTime64BestEffortOrZero(JSONExtractString(object, 'status', 'deadline'), 3, 'UTC'),
  INDEX seq stream_seq TYPE minmax GRANULARITY 1,
  INDEX id invocation_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree PARTITION BY toDate(event_time)
ORDER BY (namespace, parent_kind, parent_name, invocation_id, stream_seq)
TTL toDateTime(event_time) + INTERVAL 90 DAY
SETTINGS ${mergeTree}, fsync_after_insert = 1, fsync_part_directory = 1`;

export const tables = { logs: 'otel_logs', traces: 'otel_traces', events: 'invocation_events' } as const;
export type Table = (typeof tables)[keyof typeof tables];

/** Idempotent; in order. */
export const schemaStatements: readonly string[] = [logs, traces, events];
