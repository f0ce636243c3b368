CREATE TABLE IF NOT EXISTS otel_logs (
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
  EGRef LowCardinality(String) MATERIALIZED if(LogAttributes['clrk.egress_gateway'] != '', LogAttributes['clrk.egress_gateway'], ResourceAttributes['clrk.egress_gateway']),
  Component LowCardinality(String) MATERIALIZED if(LogAttributes['clrk.component'] != '', LogAttributes['clrk.component'], ResourceAttributes['clrk.component']),
  InvocationId String MATERIALIZED if(LogAttributes['invocation.id'] != '', LogAttributes['invocation.id'], ResourceAttributes['invocation.id']),
  Agent String MATERIALIZED multiIf(LogAttributes['agent.name'] != '', concat(LogAttributes['agent.kind'], '/', LogAttributes['agent.namespace'], '/', LogAttributes['agent.name']), ResourceAttributes['agent.name'] != '', concat(ResourceAttributes['agent.kind'], '/', ResourceAttributes['agent.namespace'], '/', ResourceAttributes['agent.name']), ''),
  IoStream LowCardinality(String) MATERIALIZED LogAttributes['log.iostream'],
  INDEX invocation InvocationId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX trace TraceId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ingested IngestedAt TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (Agent, Timestamp, ServiceName)
TTL toDateTime(Timestamp) + INTERVAL 7 DAY SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS otel_traces (
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
  EGRef LowCardinality(String) MATERIALIZED if(SpanAttributes['clrk.egress_gateway'] != '', SpanAttributes['clrk.egress_gateway'], ResourceAttributes['clrk.egress_gateway']),
  Component LowCardinality(String) MATERIALIZED if(SpanAttributes['clrk.component'] != '', SpanAttributes['clrk.component'], ResourceAttributes['clrk.component']),
  InvocationId String MATERIALIZED if(SpanAttributes['invocation.id'] != '', SpanAttributes['invocation.id'], ResourceAttributes['invocation.id']),
  Agent String MATERIALIZED multiIf(SpanAttributes['agent.name'] != '', concat(SpanAttributes['agent.kind'], '/', SpanAttributes['agent.namespace'], '/', SpanAttributes['agent.name']), ResourceAttributes['agent.name'] != '', concat(ResourceAttributes['agent.kind'], '/', ResourceAttributes['agent.namespace'], '/', ResourceAttributes['agent.name']), ''),
  INDEX invocation InvocationId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX trace TraceId TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX ingested IngestedAt TYPE minmax GRANULARITY 1
) ENGINE = MergeTree PARTITION BY toDate(Timestamp) ORDER BY (Agent, Timestamp, TraceId)
TTL toDateTime(Timestamp) + INTERVAL 7 DAY SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE IF NOT EXISTS invocation_events (
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
  phase_rank UInt8 MATERIALIZED multiIf(phase IN ('Succeeded','Failed','Timeout','Rejected'), 3, phase = 'Running', 2, phase = 'Dispatched', 1, 0),
  deadline DateTime64(3, 'UTC') MATERIALIZED
    parseDateTime64BestEffortOrZero(JSONExtractString(object, 'status', 'deadline'), 3, 'UTC'),
  INDEX seq stream_seq TYPE minmax GRANULARITY 1,
  INDEX id invocation_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree PARTITION BY toDate(event_time)
ORDER BY (namespace, parent_kind, parent_name, invocation_id, stream_seq)
TTL toDateTime(event_time) + INTERVAL 90 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
