/**
 * One key of a KV bucket, read and changed by compare-and-set, without the right to anything else of the bucket. Whoever is not
 * answered does not know whether it wrote: that is told apart from having been refused, and is the caller's to find out.
 */
import { headers, type Msg, type NatsConnection } from 'nats';

export interface KeyedEntry {
  /** Absent: there is none. */
  readonly text?: string;
  /** 0: there is none. */
  readonly sequence: number;
}

export type KeyedWrite =
  | { readonly kind: 'written'; readonly sequence: number }
  /** Somebody else wrote since it was read, or nobody may. */
  | { readonly kind: 'lost' | 'unknown' };

const timeoutMs = 2_000;

export interface KeyedRecord {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** When the server took it, in Unix milliseconds of its clock. */
  readonly storedAt: number;
}

/** `none`: there is none. Undefined: it cannot be read now. */
export async function readRecord(
  connection: NatsConnection | undefined,
  readSubject: string,
): Promise<KeyedRecord | 'none' | undefined> {
  try {
    const message = await connection?.request(readSubject, undefined, { timeout: timeoutMs });
    return message === undefined ? undefined : recordOf(message);
  } catch {
    return undefined;
  }
}

function recordOf({ headers: told, data: bytes }: Msg): KeyedRecord | 'none' | undefined {
  if (told?.code === 404) return 'none';
  const sequence = Number(told?.get('Nats-Sequence'));
  if (!Number.isSafeInteger(sequence) || sequence < 1) return undefined;
  return { bytes, sequence, storedAt: Date.parse(told?.get('Nats-Time-Stamp') ?? '') };
}

/** Undefined: it cannot be read now. */
export async function readEntry(
  connection: NatsConnection | undefined,
  readSubject: string,
): Promise<KeyedEntry | undefined> {
  const record = await readRecord(connection, readSubject);
  if (record === undefined) return undefined;
  if (record === 'none') return { sequence: 0 };
  return { text: Buffer.from(record.bytes).toString('utf8'), sequence: record.sequence };
}

/** `sequence`: of the entry this one takes the place of. `ttlSeconds`: it is gone after so long. */
export async function writeEntry(
  connection: NatsConnection | undefined,
  subject: string,
  entry: { readonly text: string | Uint8Array; readonly sequence: number; readonly ttlSeconds?: number },
): Promise<KeyedWrite> {
  const expected = headers();
  expected.set('Nats-Expected-Last-Subject-Sequence', String(entry.sequence));
  if (entry.ttlSeconds !== undefined) expected.set('Nats-TTL', `${entry.ttlSeconds}s`);
  try {
    const answer = await connection?.request(subject, entry.text, { headers: expected, timeout: timeoutMs });
    if (answer === undefined) return { kind: 'lost' };
    const { error, seq = 0 } = answer.json<{ error?: object; seq?: number }>();
    // Refused: nothing was written, and the next read tells by whom it was changed, or that nobody can read it.
    return error === undefined ? { kind: 'written', sequence: seq } : { kind: 'lost' };
  } catch {
    return { kind: 'unknown' };
  }
}
