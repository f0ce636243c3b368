/** One message of AWS's event stream (docs.aws.amazon.com/transcribe/latest/dg/event-stream.html): prelude, headers, payload, CRCs. */
import { crc32 } from 'node:zlib';
import type { StreamEvent } from '../framing.ts';

/** Name, the type byte of a string, its length, its bytes. */
function header(name: string, value: string): Buffer {
  const head = Buffer.from([name.length, ...Buffer.from(name), 7, 0, 0]);
  const bytes = Buffer.from(value);
  head.writeUInt16BE(bytes.length, head.length - 2);
  return Buffer.concat([head, bytes]);
}

function headersOf({ name = '', isError }: StreamEvent): Buffer {
  const type = isError === true ? 'exception' : 'event';
  return Buffer.concat([
    header(`:${type}-type`, name),
    header(':content-type', 'application/json'),
    header(':message-type', type),
  ]);
}

export function encodeFrame(event: StreamEvent): Uint8Array {
  const headers = headersOf(event);
  const payload = Buffer.from(JSON.stringify(event.data));
  const frame = Buffer.alloc(12 + headers.length + payload.length + 4);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(headers.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  headers.copy(frame, 12);
  payload.copy(frame, 12 + headers.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, -4)), frame.length - 4);
  return frame;
}
