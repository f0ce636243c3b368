/**
 * Strings and numbers of JSON in raw form: where a string ends, over any number of chunks, and what it says. Apart from the
 * picker because escapes are a matter of their own. It never throws.
 */
const quote = 0x22;
const backslash = 0x5c;
/** Most strings are short: looking at a few bytes here costs less than a call into the runtime. */
const shortLength = 32;

/** Finds the quote that ends a string; remembers between chunks whether the next byte is escaped. */
export class StringEnd {
  #escaped = false;
  /** The string found last had no escapes, as far as `find` looked. */
  plain = false;

  reset(): void {
    this.#escaped = false;
  }

  /** Index of the closing quote at or after `from`; -1: not in this chunk. */
  find(chunk: Buffer, from: number): number {
    let start = from;
    this.plain = false;
    if (!this.#escaped) {
      const limit = Math.min(chunk.length, from + shortLength);
      while (start < limit && chunk[start] !== backslash) {
        if (chunk[start] === quote) {
          this.plain = true;
          return start;
        }
        start += 1;
      }
    }
    return this.#search(chunk, start);
  }

  #search(chunk: Buffer, from: number): number {
    let start = from;
    for (;;) {
      const found = chunk.indexOf(quote, start);
      const isEscaped = this.#isEscaped(chunk, start, found < 0 ? chunk.length : found);
      if (found < 0) {
        this.#escaped = isEscaped;
        return -1;
      }
      this.#escaped = false;
      if (!isEscaped) return found;
      start = found + 1;
    }
  }

  /** An odd number of backslashes before `at`, counted back to `start` and on into the chunk before. */
  #isEscaped(chunk: Buffer, start: number, at: number): boolean {
    let back = at;
    while (back > start && chunk[back - 1] === backslash) back -= 1;
    const carried = back === start && this.#escaped;
    return ((at - back) % 2 === 1) !== carried;
  }
}

/** The text of a string's raw bytes (latin1). `cut`: its end is missing. undefined: no valid string. */
export function decodeText(raw: string, cut: boolean): string | undefined {
  const bytes = cut ? withoutHalfEscape(raw) : raw;
  // Plain ASCII, as nearly all names and ids are.
  if (/^[\x20-\x5b\x5d-\x7f]*$/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return undefined;
  }
}

/** An escape is six bytes at most; backslashes at the very end may be half of a pair. */
function withoutHalfEscape(raw: string): string {
  const last = raw.lastIndexOf('\\');
  let end = last >= raw.length - 6 && last >= 0 ? last : raw.length;
  while (end > 0 && raw.charCodeAt(end - 1) === backslash) end -= 1;
  return raw.slice(0, end);
}

/** A number, `true`, `false` or `null`; undefined: anything else. */
export function decodeNumber(raw: string): unknown {
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return undefined;
  }
}

const zero = 0x30;
/** So many digits are exact in a number. */
const exactDigits = 15;

/** The whole number that `first` and the digits from `from` to `to` say; undefined: it is written in another way. */
export function readDigits(first: string, chunk: Buffer, from: number, to: number): number | undefined {
  let value = first.charCodeAt(0) - zero;
  const isPlain = value >= 0 && value <= 9 && to - from < exactDigits && (value > 0 || to === from);
  if (!isPlain) return undefined;
  for (let at = from; at < to; at += 1) {
    const digit = (chunk[at] ?? 0) - zero;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return value;
}
