/**
 * The field lines of heads and trailers, text to fields or error (RFC 9112 5, strict). It remembers the lines of the head before: most
 * heads of a connection repeat most lines of the one before them, and a line means the same each time it comes.
 */
import { CodecError } from './codec-error.ts';
import type { Field } from './field.ts';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** In a line: controls other than tab, and CR or LF outside a CRLF, which proxies are known to disagree on. */
const forbidden = /[^\t\x20-\x7e\x80-\xff]/;
/** Longer lines are read, and not kept: they would stay with an idle connection. */
const maxKeptLine = 512;
const maxKeptLines = 32;

interface KnownLine {
  readonly line: string;
  readonly field: Field;
}

function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text.charCodeAt(start) === 32 || text.charCodeAt(start) === 9)) start += 1;
  while (end > start && (text.charCodeAt(end - 1) === 32 || text.charCodeAt(end - 1) === 9)) end -= 1;
  return text.slice(start, end);
}

function parseField(line: string): Field {
  const colon = line.indexOf(':');
  const raw = line.slice(0, colon);
  // Also refuses obs-fold and white space before the colon: neither is a token.
  if (colon < 1 || !token.test(raw)) throw new CodecError('malformed header field');
  return { name: raw.toLowerCase(), raw, value: trimOws(line.slice(colon + 1)) };
}

/** The line of `text` that begins at `from`, to its CRLF or the end. */
export function lineAt(text: string, from: number): string {
  const end = text.indexOf('\r\n', from);
  const line = text.slice(from, end < 0 ? text.length : end);
  if (forbidden.test(line)) throw new CodecError('control character or bare line feed in the head');
  return line;
}

/** Is there `line` at `from`, and nothing more of the same line? */
function stands(line: string, text: string, from: number): boolean {
  const end = from + line.length;
  if (!text.startsWith(line, from)) return false;
  return end === text.length || (text.charCodeAt(end) === 13 && text.charCodeAt(end + 1) === 10);
}

/** With memory of its own: a part of a text keeps all of the text. */
function ownText(line: string): string {
  return Buffer.from(line, 'latin1').toString('latin1');
}

export class FieldLines {
  readonly #maxCount: number;
  /** By place, without holes. */
  readonly #known: Array<KnownLine | undefined> = [];

  /** `maxCount`: of fields in one head. */
  constructor(maxCount: number) {
    this.#maxCount = maxCount;
  }

  /** All fields in `text` from `from` on, where a line begins. */
  read(text: string, from: number): Field[] {
    const fields: Field[] = [];
    for (let at = from; at < text.length;) {
      if (fields.length === this.#maxCount) throw new CodecError('too many header fields', 431);
      const { line, field } = this.#at(fields.length, text, at);
      fields.push(field);
      at += line.length + 2;
    }
    return fields;
  }

  #at(index: number, text: string, from: number): KnownLine {
    const known = this.#known[index];
    if (known !== undefined && stands(known.line, text, from)) return known;
    const found = lineAt(text, from);
    const isKept = index < maxKeptLines && found.length <= maxKeptLine;
    const line = isKept ? ownText(found) : found;
    const read = { line, field: parseField(line) };
    if (index < maxKeptLines) this.#known[index] = isKept ? read : undefined;
    return read;
  }
}
