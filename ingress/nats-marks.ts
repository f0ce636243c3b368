/** Marks of schedules in NATS, and its time. Apart because everything else about them needs no server. */
import type { NatsConnection } from 'nats';
import { scheduleMarkReadSubject, scheduleMarkSubject, scheduleStream } from '../contract/index.ts';
import { readEntry, writeEntry } from '../process/index.ts';
import type { MarkStore } from './schedule-marks.ts';

const timeoutMs = 2_000;

/** `connection`: undefined while there is none. */
export function natsMarks(connection: () => NatsConnection | undefined): MarkStore {
  return {
    read: (key) => readEntry(connection(), scheduleMarkReadSubject(key)),
    write: (key, text, sequence) => writeEntry(connection(), scheduleMarkSubject(key), { text, sequence }),
  };
}

/** Unix milliseconds as the server of the marks has them; undefined when it does not say. */
export async function natsTimeMs(connection: NatsConnection | undefined): Promise<number | undefined> {
  try {
    const subject = `$JS.API.STREAM.INFO.${scheduleStream}`;
    const message = await connection?.request(subject, undefined, { timeout: timeoutMs });
    const time = Date.parse(message?.json<{ ts?: string }>().ts ?? '');
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  }
}
