/**
 * What a request body needs of something that takes a content coding off, so that reading bodies needs no zlib of its own.
 */
import type { Buffer } from 'node:buffer';
import type { ContentCoding } from './negotiation.ts';

/** Called later, never from within `write` or `end`, and not after `close`. */
export interface DecoderListener {
  data(bytes: Buffer): void;
  /** All was decoded, and the coded bytes were whole. */
  end(): void;
  /** The bytes are not what the coding says, or are cut off. */
  failed(): void;
  /** After `write` answered false: more may be written. */
  drained(): void;
}

export interface BodyDecoder {
  /** False: wait for `drained`. The bytes must not change afterwards. */
  write(bytes: Buffer): boolean;
  end(): void;
  /** Frees what it holds; safe to repeat. */
  close(): void;
}

export interface DecoderPort {
  readonly codings: ReadonlySet<ContentCoding>;
  open(coding: ContentCoding, listener: DecoderListener): BodyDecoder;
}
