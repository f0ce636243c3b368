/** An OTLP request as rows to write, whatever it was encoded as: spans in protobuf, which most are, are not made objects of. */
import { ClrkError, type OtlpSpeaker } from '../../contract/index.ts';
import { rowBytes, type RowBytes } from '../spool/row-bytes.ts';
import { parseLogsRequest, parseTraceRequest, type Encoding } from './otlp-message.ts';
import { renderLogs, renderSpans, type RenderedRows } from './otlp-rows.ts';
import { maxMembers, requireMembers } from './rows-limit.ts';
import { countMembers } from './wire/member-count.ts';
import { spanRows } from './wire/span-rows.ts';

export interface Received {
  readonly encoding: Encoding;
  readonly body: Buffer;
  readonly speaker: OtlpSpeaker;
  readonly nowMs: number;
}

export interface ReceivedRows {
  readonly rows: RowBytes;
  readonly rejected: number;
  readonly foreign: number;
}

function asBytes({ lines, rejected, foreign }: RenderedRows): ReceivedRows {
  return { rows: rowBytes(lines), rejected, foreign };
}

/** Undefined: what is wrong with it, if anything, is the decoder's to say. */
function fromWire({ body, speaker }: Received, nowNanos: bigint): ReceivedRows | undefined {
  try {
    const told = spanRows(body, speaker, nowNanos);
    if (told === undefined) return undefined;
    const { rejected, foreign, ...rows } = told;
    return { rows, rejected, foreign };
  } catch (thrown) {
    // Said by us, and the decoder would come to the same.
    if (thrown instanceof ClrkError) throw thrown;
    return undefined;
  }
}

/** Before objects are made of them; those of JSON are counted as they are rendered. */
function requireFew({ encoding, body }: Received): void {
  if (encoding === 'protobuf') requireMembers(countMembers(body, maxMembers));
}

/** Throws OTLP_MALFORMED or BODY_TOO_LARGE. */
export function receivedSpans(received: Received): ReceivedRows {
  requireFew(received);
  const nowNanos = BigInt(received.nowMs) * 1_000_000n;
  const { encoding, body, speaker } = received;
  const told = encoding === 'protobuf' ? fromWire(received, nowNanos) : undefined;
  return told ?? asBytes(renderSpans(parseTraceRequest(encoding, body), speaker, nowNanos));
}

/** Throws OTLP_MALFORMED or BODY_TOO_LARGE. */
export function receivedLogs(received: Received): ReceivedRows {
  requireFew(received);
  const { encoding, body, speaker, nowMs } = received;
  return asBytes(renderLogs(parseLogsRequest(encoding, body), speaker, BigInt(nowMs) * 1_000_000n));
}
