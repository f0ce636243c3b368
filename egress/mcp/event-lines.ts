/**
 * The lines of one event beside its data, as every client reads them. Pure. Clients differ in what ends a line, and in what may come
 * before the first one, so a line in which one of them could find another line does not go on.
 */
const mark = '\u00ef\u00bb\u00bf';
/** Names and ids are short. */
const maxOther = 64 * 1024;

/** An event without these is read alike by everybody. Of bytes as latin1, as everything here. */
const notPlain = /[^\t\n\r -~]|\r(?!\n)/;
/** Ends of lines to some that are none: controls, and in UTF-8 U+0085, U+2028 and U+2029. */
const odd = /[\0-\b\v\f\u000e-\u001f\u007f]|\u00c2\u0085|\u00e2\u0080[\u00a8\u00a9]/;
/** Those that a JSON text may hold, in its strings. */
const separators = /\u00c2\u0085|\u00e2\u0080[\u00a8\u00a9]/g;
const escapes: Readonly<Record<string, string>> = {
  '\u00c2\u0085': '\\u0085',
  '\u00e2\u0080\u00a8': '\\u2028',
  '\u00e2\u0080\u00a9': '\\u2029',
};

export interface EventLines {
  /** Those that go on, each with its end. */
  readonly kept: string;
  readonly name: string;
  /** Not all of them go on. */
  readonly isCut: boolean;
  /** Some reader could find an end of a line in its data. */
  readonly hasOddData: boolean;
  /** A line ends by CR alone, which is no end to those who look for LF. */
  readonly hasBareCr: boolean;
}

export function isPlain(event: Buffer): boolean {
  return !notPlain.test(event.toString('latin1'));
}

function isData(line: string): boolean {
  return line.startsWith('data') && (line.length === 4 || line[4] === ':');
}

/** A comment, or a field that means something. */
const known = /^(?::|(?:id|event|retry)(?::|$))/;

/** Some take off what a mark is in another charset, so that nothing but ASCII begins a line. */
function isOdd(line: string): boolean {
  return line.charCodeAt(0) > 0x7e || odd.test(line);
}

/** An end of a line in either spelling, from `at` on. */
class Ends {
  readonly #text: string;
  #cr = -1;
  #lf = -1;

  constructor(text: string) {
    this.#text = text;
  }

  next(at: number): number {
    if (this.#cr < at) this.#cr = this.#find('\r', at);
    if (this.#lf < at) this.#lf = this.#find('\n', at);
    return Math.min(this.#cr, this.#lf);
  }

  #find(end: string, at: number): number {
    const found = this.#text.indexOf(end, at);
    return found < 0 ? this.#text.length : found;
  }
}

/** undefined: more than an event has. */
export function readLines(event: Buffer, isFirst: boolean): EventLines | undefined {
  const text = event.toString('latin1');
  const hasMark = isFirst && text.startsWith(mark);
  const lines = { kept: '', name: '', isCut: hasMark, hasOddData: false, hasBareCr: /\r(?!\n)/.test(text) };
  const ends = new Ends(text);
  let other = 0;
  for (let at = hasMark ? mark.length : 0, end = 0; at < text.length; at = end + 1) {
    end = ends.next(at);
    const line = text.slice(at, end);
    if (isData(line)) lines.hasOddData ||= odd.test(line);
    else {
      other += line.length + 1;
      if (other > maxOther) return undefined;
      readOther(line, lines);
    }
  }
  return lines;
}

function readOther(line: string, lines: { kept: string; name: string; isCut: boolean }): void {
  if (line === '') return;
  if (line === 'event') lines.name = '';
  else if (line.startsWith('event:')) lines.name = line.slice(line[6] === ' ' ? 7 : 6);
  if (isOdd(line)) lines.isCut = true;
  else if (known.test(line)) lines.kept += `${line}\n`;
}

/** With LF at the end of each line. */
export function withLf(event: Buffer): Buffer {
  return Buffer.from(event.toString('latin1').replaceAll(/\r\n?/g, '\n'), 'latin1');
}

/** The event anew, with its data in one line: in JSON, an end of line is white space, and a separator an escape. */
export function writeEvent({ kept }: EventLines, data: Buffer): Buffer {
  const line = data
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ' ')
    .replaceAll(separators, (found) => escapes[found] ?? '');
  return Buffer.from(`${kept}data: ${line}\n\n`, 'latin1');
}
