/**
 * Server-sent events as bytes (WHATWG HTML 9.2): which bytes are data and where an event ends, over any number of chunks.
 * Sans-io and without a buffer, so that an event of any size costs nothing. Lines end by LF, CR or CRLF; a byte order mark
 * may come first; comments and other fields are passed over.
 */
export interface SseSink {
  /** Bytes of a `data` field; a further data line of the event begins with its own LF. */
  data(bytes: Buffer): void;
  /** The empty line that ends an event ends before `at`, an index of the chunk being read. */
  event(at: number): void;
}

const lf = 0x0a;
const cr = 0x0d;
const colon = 0x3a;
const space = 0x20;
const name = Buffer.from('data');
const mark = Buffer.from([0xef, 0xbb, 0xbf]);
const lineFeed = Buffer.from('\n');

/** `name`: in a field's name; `space`: right after `data:`; `data`: in its value; `other`: in a line that is none. */
type Place = 'mark' | 'name' | 'space' | 'data' | 'other';

export class SseReader {
  readonly #sink: SseSink;
  #place: Place = 'mark';
  /** Bytes of the mark or of the name that matched so far. */
  #matched = 0;
  #afterCr = false;
  #hasData = false;
  #nextCr = -1;
  #nextLf = -1;

  constructor(sink: SseSink) {
    this.#sink = sink;
  }

  /** The line before ended by CR at the very end of its chunk: an LF that follows belongs to it. */
  get afterCr(): boolean {
    return this.#afterCr;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    let at = this.#afterCr && chunk[0] === lf ? 1 : 0;
    this.#afterCr = false;
    this.#nextCr = -1;
    this.#nextLf = -1;
    while (at < chunk.length) at = this.#read(chunk, at);
  }

  #read(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? 0;
    if (byte === lf || byte === cr) return this.#endLine(chunk, at);
    if (this.#place === 'data') return this.#passData(chunk, at);
    if (this.#place === 'other') return this.#endOfLine(chunk, at);
    if (this.#place === 'mark') return this.#matchMark(byte, at);
    if (this.#place === 'name') return this.#matchName(byte, at);
    this.#place = 'data';
    return byte === space ? at + 1 : at;
  }

  /** Each chunk is searched once for either end of a line. */
  #endOfLine(chunk: Buffer, at: number): number {
    this.#nextCr = next(chunk, cr, at, this.#nextCr);
    this.#nextLf = next(chunk, lf, at, this.#nextLf);
    return Math.min(this.#nextCr, this.#nextLf);
  }

  #passData(chunk: Buffer, at: number): number {
    const end = this.#endOfLine(chunk, at);
    this.#sink.data(chunk.subarray(at, end));
    return end;
  }

  #matchMark(byte: number, at: number): number {
    if (byte === mark[this.#matched]) {
      this.#matched += 1;
      if (this.#matched === mark.length) this.#startLine();
      return at + 1;
    }
    // Half a mark is the name of some field that nobody knows.
    this.#place = this.#matched === 0 ? 'name' : 'other';
    return at;
  }

  #matchName(byte: number, at: number): number {
    if (this.#matched === name.length && byte === colon) {
      if (this.#hasData) this.#sink.data(lineFeed);
      this.#hasData = true;
      this.#place = 'space';
    } else if (byte === name[this.#matched]) this.#matched += 1;
    else this.#place = 'other';
    return at + 1;
  }

  #startLine(): void {
    this.#place = 'name';
    this.#matched = 0;
  }

  #endLine(chunk: Buffer, at: number): number {
    const isEmpty = (this.#place === 'name' || this.#place === 'mark') && this.#matched === 0;
    const isPair = chunk[at] === cr && chunk[at + 1] === lf;
    const end = at + (isPair ? 2 : 1);
    this.#afterCr = chunk[at] === cr && end === chunk.length && !isPair;
    this.#startLine();
    if (isEmpty) {
      this.#hasData = false;
      this.#sink.event(end);
    }
    return end;
  }
}

/** The first `byte` at or after `at`: `known`, when that is not passed yet; the length where there is none. */
function next(chunk: Buffer, byte: number, at: number, known: number): number {
  if (known >= at) return known;
  const found = chunk.indexOf(byte, at);
  return found < 0 ? chunk.length : found;
}
