/**
 * Messages of the invocation stream to one insert. Pure. The token names exactly these messages, so the same batch
 * inserted twice is kept once; a batch cut differently after a crash is caught by the table's stream sequence.
 */
import { createHash } from 'node:crypto';
import { Value } from 'typebox/value';
import { invocationSchema, isAboutSubject } from '../contract/index.ts';
import { renderTime } from './otlp-value.ts';
import { tables } from './schema.ts';
import type { InsertBatch } from './store.ts';

export interface EventMessage {
  /** Whom NATS let say it, of which agent. */
  readonly subject: string;
  readonly seq: number;
  /** When JetStream took it, nanoseconds. */
  readonly timestampNanos: number;
  readonly data: Uint8Array;
}

/** A snapshot is a few kilobytes; more is not ours. */
const maxEventBytes = 256 * 1024;

function rowOf(message: EventMessage): { readonly row: string } | 'malformed' | 'foreign' {
  if (message.data.length > maxEventBytes) return 'malformed';
  try {
    const object: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.data));
    if (!Value.Check(invocationSchema, object)) return 'malformed';
    if (!isAboutSubject(object, message.subject)) return 'foreign';
    // Milliseconds: the column's precision; the number has lost the rest anyway.
    const time = renderTime(BigInt(Math.trunc(message.timestampNanos / 1e6)) * 1_000_000n);
    const row = JSON.stringify({ object: JSON.stringify(object), stream_seq: message.seq, event_time: time });
    return { row };
  } catch {
    return 'malformed';
  }
}

export interface EventBatch {
  /** Absent when no message was well-formed. */
  readonly insert: InsertBatch | undefined;
  readonly malformed: number;
  /** Events that speak of another agent than their subject. */
  readonly foreign: number;
}

export function renderEventBatch(messages: readonly EventMessage[]): EventBatch {
  const judged = messages.map(rowOf);
  const rows = judged.flatMap((each) => (typeof each === 'object' ? [each.row] : []));
  const malformed = judged.filter((each) => each === 'malformed').length;
  const foreign = judged.length - rows.length - malformed;
  if (rows.length === 0) return { insert: undefined, malformed, foreign };
  const seqs = messages.map((message) => `${message.seq}@${message.timestampNanos}`).join(',');
  const token = `events-${createHash('sha256').update(seqs).digest('hex')}`;
  return {
    insert: { table: tables.events, body: Buffer.from(`${rows.join('\n')}\n`), token },
    malformed,
    foreign,
  };
}
