/** Feeds a framing's reader a stream in pieces: whole, at every byte, or where a test says. */
import type { WireEvent } from '../../../../egress/translation/codec.ts';
import type { FrameEnd, FrameReader } from '../../../../egress/translation/framing/frame-reader.ts';

export interface Read {
  readonly events: readonly WireEvent[];
  readonly end: FrameEnd;
}

export function readIn(reader: FrameReader, pieces: readonly Buffer[]): Read {
  const events = pieces.flatMap((piece) => reader.push(piece));
  return { events, end: reader.end() };
}

export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

export function byteByByte(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}
