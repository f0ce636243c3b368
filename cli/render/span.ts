/**
 * A span as telemetry's read API sends it, and the forest of a trace. Apart from the drawing so that order, orphans
 * and cycles are judged once. Input is what processes and agents reported: it is never trusted to be a tree.
 */
import { ClrkError } from '../../contract/index.ts';

export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind?: string;
  /** RFC 3339 with nanoseconds. */
  readonly start: string;
  readonly durationNs: number;
  readonly statusCode?: string;
  readonly statusMessage?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource?: Readonly<Record<string, unknown>>;
}

export interface SpanNode {
  readonly span: SpanRecord;
  readonly children: readonly SpanNode[];
}

/** RFC 3339 nanoseconds as milliseconds with fraction, for ordering (Date keeps only milliseconds). */
export function startMs(span: SpanRecord): number {
  const whole = Date.parse(span.start.replace(/\.\d+/, ''));
  const fraction = /\.(\d+)/.exec(span.start)?.[1] ?? '0';
  return whole + Number(`0.${fraction}`) * 1_000;
}

/** The record, from one line of the read API. Throws TELEMETRY_MALFORMED. */
export function parseSpan(value: unknown): SpanRecord {
  const record = value as Partial<SpanRecord> | null;
  if (typeof record !== 'object' || typeof record?.spanId !== 'string' || typeof record.name !== 'string') {
    throw new ClrkError('TELEMETRY_MALFORMED', 'telemetry sent a line that is not a span');
  }
  return {
    ...record,
    spanId: record.spanId,
    name: record.name,
    traceId: record.traceId ?? '',
    parentSpanId: record.parentSpanId ?? '',
    start: record.start ?? '',
    durationNs: Number(record.durationNs ?? 0),
    attributes: record.attributes ?? {},
  };
}

/** Roots (spans whose parent is not here, or that lie on a cycle) with children, each level by start time. */
export function computeSpanForest(spans: readonly SpanRecord[]): readonly SpanNode[] {
  // The same span twice (a retried export) is one span.
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const sorted = [...byId.values()].sort((a, b) => startMs(a) - startMs(b) || (a.spanId < b.spanId ? -1 : 1));
  const childrenOf = groupByParent(sorted);
  const placed = new Set<string>();
  const place = (span: SpanRecord): SpanNode => {
    placed.add(span.spanId);
    const children = (childrenOf.get(span.spanId) ?? []).filter((child) => !placed.has(child.spanId));
    return { span, children: children.map(place) };
  };
  const roots = sorted.filter((span) => !byId.has(span.parentSpanId)).map(place);
  // What is left has a parent and no root above it: a cycle. Each is entered once, at its earliest span.
  const rest = sorted.flatMap((span) => (placed.has(span.spanId) ? [] : [place(span)]));
  return [...roots, ...rest];
}

function groupByParent(spans: readonly SpanRecord[]): Map<string, SpanRecord[]> {
  const groups = new Map<string, SpanRecord[]>();
  for (const span of spans) {
    const group = groups.get(span.parentSpanId);
    if (group === undefined) groups.set(span.parentSpanId, [span]);
    else group.push(span);
  }
  return groups;
}
