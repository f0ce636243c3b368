/**
 * The spellings an upstream may give a secret back in, each with a reader that is not the scrubber's: what the tests of
 * scrubbing write, and how they look for what is left.
 */
import { BodyScrubber, createSecretSet, type SecretSet } from '../../../egress/scrub/index.ts';

export interface Spelling {
  readonly write: (secret: string) => string;
  /** Reads a whole text that holds such a spelling. */
  readonly read: (text: string) => string;
}

const hexOf = (char: string, width: number): string => char.charCodeAt(0).toString(16).padStart(width, '0');
const each = (secret: string, write: (char: string, at: number) => string): string =>
  Array.from(secret).map(write).join('');
const same = (text: string): string => text;

export const readJson = (text: string): string =>
  text.replaceAll(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^ux])/g, (_all, rest: string) =>
    rest.length > 1 ? String.fromCharCode(Number.parseInt(rest.slice(1), 16)) : rest,
  );
export const readPercent = (text: string): string =>
  text.replaceAll(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  sol: '/',
};
export const readHtml = (text: string): string =>
  text.replaceAll(
    /&(?:#(\d+)|#[xX]([0-9a-fA-F]+)|([a-z]+));?/g,
    (all, dec?: string, hex?: string, name?: string) => {
      if (dec !== undefined) return String.fromCodePoint(Number(dec));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return named[name ?? ''] ?? all;
    },
  );
/** Base64 from each of the four places a group may start at. */
const readBase64 = (text: string): string => {
  const bare = text
    .replaceAll('\\n', '')
    .replaceAll(/[\r\n\t ]/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  return [0, 1, 2, 3]
    .flatMap((at) => bare.slice(at).split(/[^A-Za-z0-9+/]+/))
    .flatMap((run) => [0, 1, 2, 3].map((at) => Buffer.from(run.slice(at), 'base64').toString('latin1')))
    .join('\n');
};
const readHex = (text: string): string => {
  const bare = text.replaceAll(/[:\s-]/g, '');
  return [0, 1].map((at) => Buffer.from(bare.slice(at), 'hex').toString('latin1')).join('\n');
};
const html = (secret: string): string =>
  secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
    .replaceAll('/', '&sol;');
const inJson = (secret: string): string => JSON.stringify(secret).slice(1, -1);
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const hexText = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** One spelling, or several of one kind that a reader takes apart. */
export const spellings: Readonly<Record<string, Spelling>> = {
  'as it is': { write: same, read: same },
  'in JSON': { write: inJson, read: readJson },
  'in JSON with \\/ (PHP)': { write: (s) => inJson(s).replaceAll('/', '\\/'), read: readJson },
  'in JSON with \\u003c (Go, gson)': {
    write: (s) => inJson(s).replaceAll(/[<>&=+']/g, (char) => `\\u${hexOf(char, 4)}`),
    read: readJson,
  },
  'in JSON, all of it \\u': {
    write: (s) => each(s, (char) => `\\u${hexOf(char, 4).toUpperCase()}`),
    read: readJson,
  },
  'in JSON, every third character \\u': {
    write: (s) => each(s, (char, at) => (at % 3 === 0 ? `\\u${hexOf(char, 4)}` : inJson(char))),
    read: readJson,
  },
  'as JavaScript \\x': { write: (s) => each(s, (char) => `\\x${hexOf(char, 2)}`), read: readJson },
  'in JSON in JSON': { write: (s) => inJson(inJson(s)), read: (text) => readJson(readJson(text)) },
  'in a URL': { write: encodeURIComponent, read: readPercent },
  'in a URL, lower case': {
    write: (s) => encodeURIComponent(s).replaceAll(/%[0-9A-F]{2}/g, (x) => x.toLowerCase()),
    read: readPercent,
  },
  'in a URL, all of it': { write: (s) => each(s, (char) => `%${hexOf(char, 2)}`), read: readPercent },
  'in a path (encodeURI)': { write: encodeURI, read: readPercent },
  'in a form': {
    write: (s) => new URLSearchParams({ k: s }).toString().slice(2),
    read: (text) => readPercent(text.replaceAll('+', ' ')),
  },
  'in a URL in a URL': {
    write: (s) => encodeURIComponent(encodeURIComponent(s)),
    read: (text) => readPercent(readPercent(text)),
  },
  'in a URL in JSON': {
    write: (s) => inJson(encodeURIComponent(s)),
    read: (text) => readPercent(readJson(text)),
  },
  'in JSON in a URL': {
    write: (s) => encodeURIComponent(inJson(s)),
    read: (text) => readJson(readPercent(text)),
  },
  'in HTML': { write: html, read: readHtml },
  'in HTML, decimal': { write: (s) => each(s, (char) => `&#${char.charCodeAt(0)};`), read: readHtml },
  'in HTML, hexadecimal with zeros': {
    write: (s) => each(s, (char) => `&#X${hexOf(char, 7)};`),
    read: readHtml,
  },
  'in HTML, without semicolons': {
    write: (s) => each(s, (char) => `&#${char.charCodeAt(0)}`),
    read: readHtml,
  },
  'in HTML in HTML': { write: (s) => html(html(s)), read: (text) => readHtml(readHtml(text)) },
  'in HTML in JSON (Go)': {
    write: (s) => inJson(html(s)).replaceAll('&', '\\u0026'),
    read: (text) => readHtml(readJson(text)),
  },
  'in hexadecimal': { write: hexText, read: readHex },
  'in capital hexadecimal': { write: (s) => hexText(s).toUpperCase(), read: readHex },
  'in hexadecimal with colons': { write: (s) => hexText(s).replaceAll(/(..)(?=.)/g, '$1:'), read: readHex },
  'in Base64': { write: base64, read: readBase64 },
  'in Base64, one byte in': { write: (s) => base64(`x${s}yz`), read: readBase64 },
  'in Base64, two bytes in (Basic)': { write: (s) => base64(`u:${s}`), read: readBase64 },
  'in Base64 for URLs': {
    write: (s) => Buffer.from(s, 'latin1').toString('base64url'),
    read: readBase64,
  },
  'in Base64 with line breaks': {
    write: (s) => base64(s).replaceAll(/(.{16})/g, '$1\r\n'),
    read: readBase64,
  },
  'in Base64 with line breaks in JSON': {
    write: (s) => inJson(base64(s).replaceAll(/(.{16})/g, '$1\n')),
    read: readBase64,
  },
  'in Base64 in a URL': {
    write: (s) => encodeURIComponent(base64(s)),
    read: (text) => readBase64(readPercent(text)),
  },
  'in UTF-16 without a mark': {
    write: (s) => Buffer.from(s, 'utf16le').toString('latin1'),
    read: (text) => text.replaceAll('\0', ''),
  },
  'in UTF-16 in JSON': {
    write: (s) => Buffer.from(inJson(s), 'utf16le').swap16().toString('latin1'),
    read: (text) => readJson(text.replaceAll('\0', '')),
  },
};

/** The body after scrubbing, one character a byte; `cuts`: where chunks end. */
export function scrub(set: SecretSet, body: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(body, 'latin1');
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const scrubber = new BodyScrubber(set);
  let from = 0;
  const parts = ends.map((end) => {
    const part = scrubber.push(bytes.subarray(from, end));
    from = end;
    return Buffer.from(part);
  });
  return Buffer.concat([...parts, scrubber.flush()]).toString('latin1');
}

export const bearer = (secret: string): SecretSet => createSecretSet([`Bearer ${secret}`]);
