/** What readers and writers of framings have in common: bytes of a stream in, events out, and the other way. Types only. */
import type { WireEvent } from '../codec.ts';

/**
 * How a stream ended. `whole`: after an event, with all the framing asks for; `cut`: the connection ended before that; `broken`: its
 * bytes were none of this framing, and nothing after them was read.
 */
export type FrameEnd = 'whole' | 'cut' | 'broken';

export interface FrameReader {
  /** Events that are whole now. It never throws, and reads nothing after it broke. */
  push(chunk: Buffer): WireEvent[];
  /** Bytes that are no events of this framing were seen. */
  readonly broken: boolean;
  end(): FrameEnd;
}

export interface FrameWriter {
  write(event: WireEvent): Buffer;
  /** What closes a stream that ended well; a cut one is left open. */
  end(): Buffer;
}

/** An event is held until it is whole; one that is larger breaks the stream. AWS allows as much. */
export const maxEventBytes = 16 * 1024 * 1024;
