/**
 * A compressed body as it comes, read beside the stream that passes it on. Synchronous, because what it says is wanted at
 * the moment the body ends; minizlib keeps Node's own decoders open from chunk to chunk. It gives up, and says so, on bytes
 * that are not what they should be and on bodies that would grow beyond reason (S31).
 */
import { BrotliDecompress, Gunzip, Inflate, InflateRaw, ZstdDecompress } from 'minizlib';

export type BodyCoding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** Fed in pieces, so that what one piece becomes is bounded. */
const pieceBytes = 4 * 1024;
const maxPieceOutput = 4 * 1024 * 1024;
/** Answers are text and shrink to a fortieth at best; this many bytes are free of that rule. */
const maxRatio = 128;
const freeBytes = 1024 * 1024;

type Decoder = Gunzip | Inflate | BrotliDecompress | ZstdDecompress;

/** `deflate` is zlib's format by the standard and a bare stream from some servers: the first byte tells. */
function isZlib(first: number): boolean {
  return (first & 0x0f) === 8 && first >> 4 <= 7;
}

function openDecoder(coding: BodyCoding, first: number): Decoder {
  // Node's own option; minizlib hands on what it does not know.
  const options = { flush: 0, maxOutputLength: maxPieceOutput };
  switch (coding) {
    case 'gzip':
      return new Gunzip(options);
    case 'deflate':
      return isZlib(first) ? new Inflate(options) : new InflateRaw(options);
    case 'br':
      return new BrotliDecompress(options);
    case 'zstd':
      // Throws where Node has no zstd (before 22.15).
      return new ZstdDecompress(options);
    default:
      return coding satisfies never;
  }
}

export class BodyInflater {
  readonly #coding: BodyCoding;
  readonly #onBytes: (bytes: Buffer) => void;
  #decoder: Decoder | undefined;
  #failed = false;
  #in = 0;
  #out = 0;

  constructor(coding: BodyCoding, onBytes: (bytes: Buffer) => void) {
    this.#coding = coding;
    this.#onBytes = onBytes;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#failed; at += pieceBytes) {
      this.#feed(chunk.subarray(at, at + pieceBytes));
    }
  }

  #feed(piece: Buffer): void {
    try {
      this.#decoder ??= this.#open(piece[0] ?? 0);
      this.#in += piece.length;
      this.#decoder.write(piece);
    } catch {
      this.#fail();
    }
  }

  #open(first: number): Decoder {
    const decoder = openDecoder(this.#coding, first);
    decoder.on('error', () => this.#fail());
    decoder.on('data', (bytes) => this.#take(bytes));
    return decoder;
  }

  #take(bytes: Buffer): void {
    if (this.#failed) return;
    this.#out += bytes.length;
    if (this.#out > freeBytes + maxRatio * this.#in) this.#fail();
    else this.#onBytes(bytes);
  }

  #fail(): void {
    this.#failed = true;
  }

  /** True: the whole body was read. It needs to be called, to give the decoder's memory back. */
  end(): boolean {
    const decoder = this.#decoder;
    if (decoder === undefined) return !this.#failed;
    if (!this.#failed) decoder.end();
    decoder.close();
    this.#decoder = undefined;
    return !this.#failed;
  }
}
