/** Rows of logs and spans as the read API tells them. Pure. `cursor` is what a follower names to go on behind a line. */
import type { RecordKey, RecordKind } from './record-query.ts';

export type RecordRow = RecordKey & Readonly<Record<string, unknown>>;

interface SpanColumns {
  readonly durationNs: string;
  readonly eventTimes: readonly string[];
  readonly eventNames: readonly string[];
  readonly eventAttributes: readonly unknown[];
}

function renderLog({ nanos: _nanos, ingestId, ...log }: RecordRow): object {
  return { ...log, cursor: ingestId };
}

function renderSpan(row: RecordRow): object {
  const { nanos, ingestId, durationNs, eventTimes, eventNames, eventAttributes, ...span } = row as RecordRow &
    SpanColumns;
  void nanos;
  const events = eventTimes.map((at, index) => ({
    time: at,
    name: eventNames[index],
    attributes: eventAttributes[index],
  }));
  return { ...span, durationNs: Number(durationNs), events, cursor: ingestId };
}

export function renderRecord(kind: RecordKind, row: RecordRow): object {
  return kind === 'logs' ? renderLog(row) : renderSpan(row);
}
