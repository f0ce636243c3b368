/**
 * OTLP requests to table rows, as NDJSON lines ready to insert. Pure. A record without a usable identity (a span
 * without trace or span id) is rejected and counted, the rest of its request is kept: OTLP's partial success.
 */
import type { OtlpSpeaker } from '../../contract/index.ts';
import { mayClaim } from './otlp-claim.ts';
import type { Grouping } from './otlp-grouping.ts';
import { groupLogs, groupSpans } from './otlp-grouping.ts';
import type { LogRecord, LogsRequest, Span, TraceRequest } from './otlp-message.ts';
import { requireMembers, requireRows } from './rows-limit.ts';
import { cut, hexId, list, nanoseconds, renderAttributes, renderTime, renderValue } from './otlp-value.ts';

export interface RenderedRows {
  /** One JSON object each, without the newline. */
  readonly lines: string[];
  readonly rejected: number;
  /** Records that speak for somebody else than their sender. */
  readonly foreign: number;
}

/**
 * When a record may have been made. A day is a partition: a sender that spread its records over many would make ClickHouse
 * refuse everybody's batch, or drown it in parts.
 */
interface TimeWindow {
  readonly fromNanos: bigint;
  readonly untilNanos: bigint;
}

const dayNanos = 86_400_000_000_000n;

/** A day longer than records are kept, and a day for clocks that are ahead. */
function timeWindow(nowNanos: bigint): TimeWindow {
  return { fromNanos: nowNanos - 8n * dayNanos, untilNanos: nowNanos + dayNanos };
}

export function isWithin(nanos: bigint, { fromNanos, untilNanos }: TimeWindow): boolean {
  return nanos >= fromNanos && nanos <= untilNanos;
}

/** A record that is not kept, and why. */
type Unkept = 'rejected' | 'foreign';
export type Rendered = { readonly line: string } | Unkept;

// Names as the OpenTelemetry ClickHouse exporter writes them, so that existing dashboards read our tables.
export const spanKinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
export const statusCodes = ['Unset', 'Ok', 'Error'];
/** OpenTelemetry SDK default for both. */
const maxEvents = 128;
export const maxNameChars = 1024;

/** The first name stands for absent and unknown. */
function nameOf(names: readonly string[], number: number | undefined): string {
  return names[number ?? 0] ?? names[0] ?? '';
}

export interface Context {
  readonly speaker: OtlpSpeaker;
  readonly nowNanos: bigint;
  readonly window: TimeWindow;
}

const orAbsent = (text: string): string | undefined => (text === '' ? undefined : text);

function renderEvents(events: NonNullable<Span['events']>): object {
  if (events.length === 0) return {};
  return {
    'Events.Timestamp': events.map((event) => renderTime(nanoseconds(event.timeUnixNano))),
    'Events.Name': events.map((event) => cut(event.name, maxNameChars)),
    'Events.Attributes': events.map((event) => renderAttributes(event.attributes)),
  };
}

function renderLinks(links: NonNullable<Span['links']>): object {
  if (links.length === 0) return {};
  return {
    'Links.TraceId': links.map((link) => hexId(link.traceId, 16)),
    'Links.SpanId': links.map((link) => hexId(link.spanId, 8)),
    'Links.TraceState': links.map((link) => cut(link.traceState, maxNameChars)),
    'Links.Attributes': links.map((link) => renderAttributes(link.attributes)),
  };
}

export function renderSpan(span: Span, group: Grouping, { speaker, window }: Context): Rendered {
  const traceId = hexId(span.traceId, 16);
  const spanId = hexId(span.spanId, 8);
  const start = nanoseconds(span.startTimeUnixNano);
  if (traceId === '' || spanId === '' || !isWithin(start, window)) return 'rejected';
  const attributes = renderAttributes(span.attributes);
  if (!mayClaim(speaker, attributes)) return 'foreign';
  const end = nanoseconds(span.endTimeUnixNano);
  // What is empty is what the table has without it; most spans have no events and no links.
  const row = {
    Timestamp: renderTime(start),
    TraceId: traceId,
    SpanId: spanId,
    ParentSpanId: hexId(span.parentSpanId, 8),
    TraceState: orAbsent(cut(span.traceState, maxNameChars)),
    SpanName: cut(span.name, maxNameChars),
    SpanKind: nameOf(spanKinds, span.kind),
    ServiceName: group.serviceName,
    ScopeName: orAbsent(group.scopeName),
    ScopeVersion: orAbsent(group.scopeVersion),
    Duration: end > start ? (end - start).toString() : '0',
    StatusCode: nameOf(statusCodes, span.status?.code),
    StatusMessage: orAbsent(cut(span.status?.message, maxNameChars)),
    SpanAttributes: attributes,
    ...renderEvents(list(span.events).slice(0, maxEvents)),
    ...renderLinks(list(span.links).slice(0, maxEvents)),
  };
  return { line: withResource(row, group) };
}

function renderLog(record: LogRecord, group: Grouping, { speaker, nowNanos, window }: Context): Rendered {
  const attributes = renderAttributes(record.attributes);
  if (!mayClaim(speaker, attributes)) return 'foreign';
  const time = nanoseconds(record.timeUnixNano) || nanoseconds(record.observedTimeUnixNano) || nowNanos;
  if (!isWithin(time, window)) return 'rejected';
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
    LogAttributes: attributes,
  };
  return { line: withResource(row, group, `,"ScopeAttributes":${group.scopeAttributesJson}`) };
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
  speaker: OtlpSpeaker,
  render: (record: T, group: Grouping) => Rendered,
): RenderedRows {
  const lines: string[] = [];
  let [size, members] = [0, 0];
  const unkept = { rejected: 0, foreign: 0 };
  for (const { group, records } of groups) {
    members += 1 + records.length;
    requireMembers(members);
    const isForeign = !mayClaim(speaker, group.resource);
    for (const record of records) {
      const isRecord = record !== null && typeof record === 'object';
      const kept = isForeign ? 'foreign' : isRecord ? render(record, group) : 'rejected';
      if (typeof kept !== 'object') {
        unkept[kept]++;
        continue;
      }
      size += kept.line.length;
      requireRows(size);
      lines.push(kept.line);
    }
  }
  return { lines, ...unkept };
}

export function contextOf(speaker: OtlpSpeaker, nowNanos: bigint): Context {
  return { speaker, nowNanos, window: timeWindow(nowNanos) };
}

export function renderSpans(request: TraceRequest, speaker: OtlpSpeaker, nowNanos: bigint): RenderedRows {
  const context = contextOf(speaker, nowNanos);
  return renderAll(groupSpans(request), speaker, (span, group) => renderSpan(span, group, context));
}

export function renderLogs(request: LogsRequest, speaker: OtlpSpeaker, nowNanos: bigint): RenderedRows {
  const context = contextOf(speaker, nowNanos);
  return renderAll(groupLogs(request), speaker, (record, group) => renderLog(record, group, context));
}
