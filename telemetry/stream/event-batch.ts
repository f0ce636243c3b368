/**
 * Messages of the invocation stream to inserts. Pure. A token names exactly these messages and their table, so the same
 * batch inserted twice is kept once. A batch cut differently after a crash is the materializer's to see to.
 */
import { createHash } from 'node:crypto';
import { Value } from 'typebox/value';
import { invocationSchema, isAboutSubject, isInvocationId, type Invocation } from '../../contract/index.ts';
import { tables, type Table } from '../schema/tables.ts';
import type { InsertBatch } from '../store/store.ts';
import { createdMs, hasEnded, renderEventRow } from './event-row.ts';

export interface EventMessage {
  /** Whom NATS let say it, of which agent. */
  readonly subject: string;
  readonly seq: number;
  /** When JetStream took it, nanoseconds. */
  readonly timestampNanos: number;
  /** It was delivered before, or may have been; what became of it then is not known. */
  readonly redelivered: boolean;
  readonly data: Uint8Array;
}

export interface Event {
  readonly invocation: Invocation;
  readonly seq: number;
  readonly takenMs: number;
  readonly createdMs: number;
  readonly redelivered: boolean;
}

export interface ReadEvents {
  readonly events: readonly Event[];
  readonly malformed: number;
  /** Events that speak of another agent than their subject. */
  readonly foreign: number;
}

/** A snapshot is a few kilobytes; more is not ours. */
const maxEventBytes = 256 * 1024;

function readEvent(message: EventMessage): Event | 'malformed' | 'foreign' {
  if (message.data.length > maxEventBytes) return 'malformed';
  try {
    const object: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(message.data));
    if (!Value.Check(invocationSchema, object)) return 'malformed';
    if (!isAboutSubject(object, message.subject)) return 'foreign';
    if (!isInvocationId(object.metadata.uid)) return 'malformed';
    const takenMs = Math.trunc(message.timestampNanos / 1e6);
    return {
      invocation: object,
      seq: message.seq,
      takenMs,
      createdMs: createdMs(object, takenMs),
      redelivered: message.redelivered,
    };
  } catch {
    return 'malformed';
  }
}

export function readEvents(messages: readonly EventMessage[]): ReadEvents {
  const judged = messages.map(readEvent);
  const events = judged.flatMap((each) => (typeof each === 'object' ? [each] : []));
  const malformed = judged.filter((each) => each === 'malformed').length;
  return { events, malformed, foreign: judged.length - events.length - malformed };
}

function insertInto(table: Table, events: readonly Event[], named: string): InsertBatch {
  const body = Buffer.from(events.map((event) => `${renderEventRow(event.invocation, event)}\n`).join(''));
  return { table, body, token: `${table}-${named}` };
}

/** To be inserted in this order: a call that is in the last table is in all of its tables. */
export function renderInserts(events: readonly Event[]): readonly InsertBatch[] {
  if (events.length === 0) return [];
  const seqs = events.map((event) => `${event.seq}@${event.takenMs}`).join(',');
  const named = createHash('sha256').update(seqs).digest('hex');
  const ended = events.filter((event) => hasEnded(event.invocation));
  const open = events.filter((event) => !hasEnded(event.invocation));
  return [
    ...(open.length === 0 ? [] : [insertInto(tables.progress, open, named)]),
    ...(ended.length === 0
      ? []
      : [insertInto(tables.byAgent, ended, named), insertInto(tables.invocations, ended, named)]),
  ];
}
