/**
 * Messages of the invocation stream to one insert. Pure. The token names exactly these messages, so the same batch
 * inserted twice is kept once; a batch cut differently after a crash is caught by the table's stream sequence.
 */
import { createHash } from 'node:crypto';
import { Value } from 'typebox/value';
import { invocationSchema } from '../contract/index.ts';
import { renderTime } from './otlp-value.ts';
import { tables } from './schema.ts';
import type { InsertBatch } from './store.ts';

export interface EventMessage {
  readonly seq: number;
  /** When JetStream took it, nanoseconds. */
  readonly timestampNanos: number;
  readonly data: Uint8Array;
}

/** A snapshot is a few kilobytes; more is not ours. */
const maxEventBytes = 256 * 1024;

function rowOf(message: EventMessage): string | undefined {
  if (message.data.length > maxEventBytes) return undefined;
  try {
    const object: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.data));
    if (!Value.Check(invocationSchema, object)) return undefined;
    // Milliseconds: the column's precision; the number has lost the rest anyway.
    const time = renderTime(BigInt(Math.trunc(message.timestampNanos / 1e6)) * 1_000_000n);
    return JSON.stringify({ object: JSON.stringify(object), stream_seq: message.seq, event_time: time });
  } catch {
    return undefined;
  }
}

export interface EventBatch {
  /** Absent when no message was well-formed. */
  readonly insert: InsertBatch | undefined;
  readonly malformed: number;
}

export function renderEventBatch(messages: readonly EventMessage[]): EventBatch {
  const rows = messages.map(rowOf).filter((row) => row !== undefined);
  const malformed = messages.length - rows.length;
  if (rows.length === 0) return { insert: undefined, malformed };
  const seqs = messages.map((message) => `${message.seq}@${message.timestampNanos}`).join(',');
  const token = `events-${createHash('sha256').update(seqs).digest('hex')}`;
  return {
    insert: { table: tables.events, body: Buffer.from(`${rows.join('\n')}\n`), token },
    malformed,
  };
}
