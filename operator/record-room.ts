/**
 * How much room the stream of invocation events has left, for the installation's condition. Read, never changed: what is in it is
 * telemetry's. Told in steps, not in percent, so that a busy stream writes no status; and well before it stops calls, which it does
 * when it is full.
 */
import type { NatsConnection } from 'nats';
import { invocationStream } from '../contract/index.ts';
import type { Finding } from './runtime/index.ts';

/** What a full one does. */
export type WhenFull = 'refuse' | 'forget';

export interface RecordRoom {
  readonly step: 'roomy' | 'filling' | 'nearly-full';
  readonly whenFull: WhenFull;
}

/** What is stored gives way from half full on (telemetry), so what is above is what ClickHouse does not have yet. */
export const fillingFrom = 0.6;
export const nearlyFullFrom = 0.85;

export const conditionType = 'RecordsHaveRoom';

interface StreamInfo {
  readonly config?: { readonly max_bytes?: number; readonly discard?: string };
  readonly state?: { readonly bytes?: number };
}

/** Pure; undefined: this is no answer about a stream (it is not made yet, or there is no right to ask). */
export function parseRecordRoom({ config, state }: StreamInfo): RecordRoom | undefined {
  const { max_bytes: maxBytes, discard } = config ?? {};
  if (maxBytes === undefined || state?.bytes === undefined) return undefined;
  const fill = maxBytes > 0 ? state.bytes / maxBytes : 0;
  const step = fill >= nearlyFullFrom ? 'nearly-full' : fill >= fillingFrom ? 'filling' : 'roomy';
  return { step, whenFull: discard === 'old' ? 'forget' : 'refuse' };
}

/** Asks NATS; undefined: nobody can say. Never rejects. */
export async function readRecordRoom(connection: NatsConnection): Promise<RecordRoom | undefined> {
  try {
    const subject = `$JS.API.STREAM.INFO.${invocationStream.name}`;
    const { data } = await connection.request(subject, '', { timeout: 5_000 });
    return parseRecordRoom(JSON.parse(new TextDecoder().decode(data)) as StreamInfo);
  } catch {
    return undefined;
  }
}

const then: Readonly<Record<WhenFull, string>> = {
  refuse: 'when it is full, calls are refused (RECORDS_UNAVAILABLE)',
  forget: 'when it is full, the oldest events are lost',
};
const mend = 'see that ClickHouse and telemetry are well (clrk doctor), or give it more with streamBytes';

export function recordRoomFinding(room: RecordRoom | undefined): Finding {
  if (room === undefined) {
    const message = 'the operator could not read how full the stream of invocation events is';
    return { type: conditionType, status: 'Unknown', reason: 'NotKnown', message };
  }
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const full = `of the stream of invocation events wait for ClickHouse; ${then[room.whenFull]}: ${mend}`;
  switch (room.step) {
    case 'roomy':
      return { type: conditionType, status: 'True', reason: 'RoomLeft', message: '' };
    case 'filling':
      return {
        ...{ type: conditionType, status: 'False', reason: 'Filling' },
        message: `more than ${percent(fillingFrom)} ${full}`,
      };
    case 'nearly-full':
      return {
        ...{ type: conditionType, status: 'False', reason: 'NearlyFull' },
        message: `more than ${percent(nearlyFullFrom)} ${full}`,
      };
  }
}
