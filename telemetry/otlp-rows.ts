/**
 * OTLP requests to table rows, as NDJSON lines ready to insert. Pure. A record without a usable identity (a span
 * without trace or span id) is rejected and counted, the rest of its request is kept: OTLP's partial success.
 */
import type { Grouping } from './otlp-grouping.ts';
import { groupLogs, groupSpans } from './otlp-grouping.ts';
import type { LogRecord, LogsRequest, Span, TraceRequest } from './otlp-message.ts';
import { cut, hexId, list, nanoseconds, renderAttributes, renderTime, renderValue } from './otlp-value.ts';

export interface RenderedRows {
  /** One JSON object each, without the newline. */
  readonly lines: string[];
  readonly rejected: number;
}

// Names as the OpenTelemetry ClickHouse exporter writes them, so that existing dashboards read our tables.
const spanKinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
const statusCodes = ['Unset', 'Ok', 'Error'];
/** OpenTelemetry SDK default for both. */
const maxEvents = 128;
const maxNameChars = 1024;

/** The first name stands for absent and unknown. */
function nameOf(names: readonly string[], number: number | undefined): string {
  return names[number ?? 0] ?? names[0] ?? '';
}

function renderSpan(span: Span, group: Grouping): string | undefined {
  const traceId = hexId(span.traceId, 16);
  const spanId = hexId(span.spanId, 8);
  const start = nanoseconds(span.startTimeUnixNano);
  if (traceId === '' || spanId === '' || start === 0n) return undefined;
  const end = nanoseconds(span.endTimeUnixNano);
  const events = list(span.events).slice(0, maxEvents);
  const links = list(span.links).slice(0, maxEvents);
  const row = {
    Timestamp: renderTime(start),
    TraceId: traceId,
    SpanId: spanId,
    ParentSpanId: hexId(span.parentSpanId, 8),
    TraceState: cut(span.traceState, maxNameChars),
    SpanName: cut(span.name, maxNameChars),
    SpanKind: nameOf(spanKinds, span.kind),
    ServiceName: group.serviceName,
    ScopeName: group.scopeName,
    ScopeVersion: group.scopeVersion,
    Duration: end > start ? (end - start).toString() : '0',
    StatusCode: nameOf(statusCodes, span.status?.code),
    StatusMessage: cut(span.status?.message, maxNameChars),
    SpanAttributes: renderAttributes(span.attributes),
    'Events.Timestamp': events.map((event) => renderTime(nanoseconds(event.timeUnixNano))),
    'Events.Name': events.map((event) => cut(event.name, maxNameChars)),
    'Events.Attributes': events.map((event) => renderAttributes(event.attributes)),
    'Links.TraceId': links.map((link) => hexId(link.traceId, 16)),
    'Links.SpanId': links.map((link) => hexId(link.spanId, 8)),
    'Links.TraceState': links.map((link) => cut(link.traceState, maxNameChars)),
    'Links.Attributes': links.map((link) => renderAttributes(link.attributes)),
  };
  return withResource(row, group);
}

function renderLog(record: LogRecord, group: Grouping, nowNanos: bigint): string | undefined {
  const time = nanoseconds(record.timeUnixNano) || nanoseconds(record.observedTimeUnixNano) || nowNanos;
  const severity = record.severityNumber ?? 0;
  const row = {
    Timestamp: renderTime(time),
    TraceId: hexId(record.traceId, 16),
    SpanId: hexId(record.spanId, 8),
    TraceFlags: (record.flags ?? 0) & 0xff,
    SeverityText: cut(record.severityText, 64) || severityText(severity),
    SeverityNumber: severity >= 0 && severity <= 24 ? Math.trunc(severity) : 0,
    ServiceName: group.serviceName,
    Body: renderValue(record.body),
    ResourceSchemaUrl: group.resourceSchemaUrl,
    ScopeSchemaUrl: group.scopeSchemaUrl,
    ScopeName: group.scopeName,
    ScopeVersion: group.scopeVersion,
    LogAttributes: renderAttributes(record.attributes),
  };
  return withResource(row, group, `,"ScopeAttributes":${group.scopeAttributesJson}`);
}

/** The resource is rendered once a group, not once a record. */
function withResource(row: object, group: Grouping, more = ''): string {
  return `${JSON.stringify(row).slice(0, -1)},"ResourceAttributes":${group.resourceJson}${more}}`;
}

/** OpenTelemetry logs data model: four numbers a level, from TRACE = 1. */
function severityText(number: number): string {
  const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
  return number < 1 ? '' : (levels[Math.floor((number - 1) / 4)] ?? '');
}

function renderAll<T>(
  groups: Iterable<{ group: Grouping; records: readonly T[] }>,
  render: (record: T, group: Grouping) => string | undefined,
): RenderedRows {
  const lines: string[] = [];
  let rejected = 0;
  for (const { group, records } of groups) {
    for (const record of records) {
      const line = record === null || typeof record !== 'object' ? undefined : render(record, group);
      if (line === undefined) rejected++;
      else lines.push(line);
    }
  }
  return { lines, rejected };
}

export function renderSpans(request: TraceRequest): RenderedRows {
  return renderAll(groupSpans(request), renderSpan);
}

export function renderLogs(request: LogsRequest, nowNanos: bigint): RenderedRows {
  return renderAll(groupLogs(request), (record: LogRecord, group) => renderLog(record, group, nowNanos));
}
