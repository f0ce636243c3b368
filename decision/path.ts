/**
 * The one form in which a path is judged, and in which it is then sent on (S34). Percent-encoding of characters that need
 * none is undone once; whatever could still be read in two ways is told, and refused where a rule depends on the path.
 */

/** Characters of a path segment that mean themselves (RFC 3986 3.3, pchar). A semicolon starts matrix parameters: not here. */
const plain = /^[A-Za-z0-9\-._~!$&'()*+,=:@]$/;
/**
 * Dot segments, doubled or encoded separators, encoded percent signs, controls, matrix parameters, backslashes, bytes that are
 * not encoded; and what Windows servers drop: dots and spaces at an end of a segment, the name of a file's stream.
 */
const ambiguous =
  /\/\/|\.(?:\/|$)|(?:%20| )(?:\/|$)|\/(?:%20| )|::\$|%[01]|%2[5f]|%3b|%5c|%7f|[;\\#]|[^ -~]/i;
// A percent sign that starts no octet: servers differ in what they make of it.
const badEscape = /%(?![0-9a-fA-F]{2})/;

export interface RequestPath {
  /** Canonical, without query. */
  readonly path: string;
  /** From the question mark on, as it came; empty: none. */
  readonly query: string;
}

/** Splits and canonicalizes a target that starts with a slash. Linear in its length. */
export function parseTarget(target: string): RequestPath {
  const start = target.indexOf('?');
  const path = start < 0 ? target : target.slice(0, start);
  return { path: canonicalPath(path), query: start < 0 ? '' : target.slice(start) };
}

function canonicalPath(path: string): string {
  if (!path.includes('%')) return path;
  return path.replace(/%([0-9a-fA-F]{2})/g, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return plain.test(character) ? character : escape.toUpperCase();
  });
}

/** Characters that some servers drop, or take for one of ASCII: full width, with accents, ligatures. */
function isFolded(character: string): boolean {
  const apart = character.normalize('NFKD');
  return (
    /\p{Default_Ignorable_Code_Point}/u.test(character) ||
    /[ -~]/.test(`${apart}${apart.toLowerCase()}${apart.toUpperCase()}`)
  );
}

/** What is beyond ASCII in a canonical path: one text, and none of it another spelling of ASCII. */
function isPlainBeyondAscii(path: string): boolean {
  let text: string;
  try {
    text = decodeURIComponent(path);
  } catch {
    // No UTF-8: overlong forms, or an older code page.
    return false;
  }
  if (/[ -~]\p{M}/u.test(text)) return false;
  return !Array.from(text).some((character) => character > '~' && isFolded(character));
}

/** True when the canonical path is read in one way by everybody. Linear in its length. */
export function isPlainPath(path: string): boolean {
  if (ambiguous.test(path) || badEscape.test(path)) return false;
  return !/%[89a-f]/i.test(path) || isPlainBeyondAscii(path);
}

/** A plain path without the slash at its end, which many servers leave out of account; the root is itself. */
export function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** A parameter as it is written: nothing is decoded, and one without an equals sign has no value. */
export type WrittenPair = readonly [name: string, value: string];

/** The parameters of a query without its question mark, split at ampersands; empty ones are none. */
export function splitQuery(query: string): WrittenPair[] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    });
}

/**
 * The parameter names of a query, decoded; `query` begins with its question mark or is empty. Some servers split at semicolons
 * as well (HTML 4, B.2.2), so what stands after one is a name too.
 */
export function parseQueryNames(query: string): readonly string[] {
  return query === '' ? [] : [...new URLSearchParams(query.slice(1).replaceAll(';', '&')).keys()];
}
