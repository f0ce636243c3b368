/** Marks and results of calls in NATS. Apart because everything else about them needs no server. */
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import {
  decodeCallResult,
  encodeCallResult,
  parseCallMark,
  resultReadSubject,
  resultsWantedSubject,
  resultSubject,
  type CallMark,
  type ResultKey,
} from '../contract/index.ts';
import { monotonicMs, readRecord, writeEntry } from '../process/index.ts';
import type { ResultStore, StoredCall } from './call-results.ts';

/** An answer is tried to be kept for as long as an outage of NATS may take. */
const tries = 12;
/** The first call of a namespace waits for its place, and its caller for the answer. */
const markMs = 3_500;
const betweenMs = 250;

/** `connection`: undefined while there is none. */
export function natsResults(connection: () => NatsConnection | undefined): ResultStore {
  const write = async (subject: string, text: string | Uint8Array, ttlSeconds?: number): Promise<string> =>
    (
      await writeEntry(connection(), subject, {
        ...{ text, sequence: 0 },
        ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      })
    ).kind;
  return {
    mark: async (key, mark) => await writeMark(connection, key, mark),
    keep: async (key, result, ttlSeconds) => {
      const subject = resultSubject(key, 'result');
      const text = encodeCallResult(result);
      for (let left = tries; left > 0; left -= 1) {
        const kind = await write(subject, text, ttlSeconds);
        if (kind === 'written') return true;
        // One that was not answered may be there all the same.
        const stands = await readRecord(connection(), resultReadSubject(key, 'result'));
        if (stands !== undefined && stands !== 'none') return true;
        // Refused: there is no room.
        if (stands === 'none' && kind === 'lost') return false;
        if (left > 1) await delay(betweenMs, undefined, { ref: false });
      }
      return false;
    },
    read: async (key) => await readCall(connection(), key),
  };
}

async function writeMark(
  connection: () => NatsConnection | undefined,
  key: ResultKey,
  mark: CallMark,
): Promise<'written' | 'taken' | 'doubt'> {
  const entry = { text: JSON.stringify(mark), sequence: 0 };
  const until = monotonicMs() + markMs;
  for (;;) {
    const { kind } = await writeEntry(connection(), resultSubject(key, 'mark'), entry);
    if (kind === 'written') return 'written';
    const stands = await readRecord(connection(), resultReadSubject(key, 'mark'));
    if (stands !== undefined && stands !== 'none') return kind === 'lost' ? 'taken' : 'doubt';
    // Full: asking again changes nothing.
    if (stands === 'none') return 'doubt';
    // No place yet, or no server: the operator makes one.
    connection()?.publish(resultsWantedSubject(key.namespace));
    if (monotonicMs() > until) return 'doubt';
    await delay(betweenMs, undefined, { ref: false });
  }
}

async function readCall(
  connection: NatsConnection | undefined,
  key: ResultKey,
): Promise<StoredCall | undefined> {
  const [mark, result] = await Promise.all([
    readRecord(connection, resultReadSubject(key, 'mark')),
    readRecord(connection, resultReadSubject(key, 'result')),
  ]);
  if (mark === undefined || result === undefined) return undefined;
  const said = mark === 'none' ? undefined : parseCallMark(Buffer.from(mark.bytes).toString('utf8'));
  return {
    mark: said === undefined || mark === 'none' ? undefined : { said, at: mark.storedAt },
    result: result === 'none' ? undefined : decodeCallResult(result.bytes),
  };
}
