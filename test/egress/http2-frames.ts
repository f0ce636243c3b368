/** HTTP/2 frames by hand, for peers that do what node:http2 would not: HPACK literals without index and Huffman. */
import type { Duplex } from 'node:stream';

type Headers = ReadonlyArray<readonly [string, string]>;

export const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;
const endStream = 1;
const endHeaders = 4;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  if (bytes.length > 126) throw new Error('these frames carry short texts only');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export function headers(stream: number, list: Headers, end: boolean): Buffer {
  const block = list.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)]));
  return frame(frameType.headers, endHeaders | (end ? endStream : 0), stream, Buffer.concat(block));
}

export const data = (stream: number, bytes: string, end: boolean): Buffer =>
  frame(frameType.data, end ? endStream : 0, stream, Buffer.from(bytes));

function word(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

export const reset = (stream: number, code: number): Buffer => frame(frameType.reset, 0, stream, word(code));
export const goaway = (last: number, code: number): Buffer => frame(frameType.goaway, 0, 0, word(last, code));
export const settings = frame(frameType.settings, 0, 0);
export const settingsAck = frame(frameType.settings, 1, 0);

/** What a client sends first. */
export const clientPreface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings]);

export const request = (authority: string, method = 'GET', more: Headers = []): Headers => [
  [':method', method],
  [':scheme', 'https'],
  [':authority', authority],
  [':path', '/'],
  ...more,
];

export interface SeenFrame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
  readonly endsStream: boolean;
  /** A SETTINGS that is to be acknowledged. */
  readonly wantsAck: boolean;
}

/** Collects the frames that arrive, without a client preface when `fromClient`. */
export function readFrames(
  socket: Duplex,
  fromClient: boolean,
  onFrame: (frame: SeenFrame) => void = () => undefined,
): SeenFrame[] {
  const seen: SeenFrame[] = [];
  let bytes: Buffer = Buffer.alloc(0);
  let skip = fromClient ? clientPreface.length - settings.length : 0;
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < skip) return;
    bytes = bytes.subarray(skip);
    skip = 0;
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUIntBE(0, 3)) {
      const end = 9 + bytes.readUIntBE(0, 3);
      const type = bytes[3] ?? 0;
      const carries = type === frameType.data || type === frameType.headers;
      const next = {
        type,
        stream: bytes.readUInt32BE(5),
        payload: bytes.subarray(9, end),
        wantsAck: type === frameType.settings && ((bytes[4] ?? 0) & 1) === 0,
        endsStream: carries && ((bytes[4] ?? 0) & endStream) !== 0,
      };
      bytes = bytes.subarray(end);
      seen.push(next);
      onFrame(next);
    }
  });
  return seen;
}

/** An upstream that answers each request with the frames a test gives; settings are taken care of. */
export function serveFrames(answer: (stream: number, socket: Duplex) => Buffer | undefined) {
  return (socket: Duplex): void => {
    socket.write(settings);
    readFrames(socket, true, ({ type, stream, wantsAck }) => {
      if (wantsAck) socket.write(settingsAck);
      if (type !== frameType.headers) return;
      const bytes = answer(stream, socket);
      if (bytes !== undefined) socket.write(bytes);
    });
  };
}
