/**
 * Heads of HTTP/1.1 messages, text to type or error (RFC 9112, strict). Apart from the decoder because this is where
 * smuggling is decided: whatever two parsers could read differently is refused, never repaired (S28, S33).
 */
import { CodecError } from './codec-error.ts';
import type { Field } from './field.ts';
import { lineAt, type FieldLines } from './field-lines.ts';

export interface RequestHead {
  readonly method: string;
  /** Origin form (`/path?query`) or `*`. */
  readonly target: string;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
}

/** How long the body is. `close`: until the connection ends (responses only). */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

const requestLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) (\/[\x21-\x7e]*|\*) HTTP\/1\.([01])$/;
const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: (.*))?$/;
/** `text` is the head without its final empty line. */
export function parseRequestHead(text: string, fieldLines: FieldLines): RequestHead {
  const line = lineAt(text, 0);
  const match = requestLine.exec(line);
  if (match === null) throw new CodecError('malformed request line (origin form of HTTP/1.1 only)');
  const [, method = '', target = '', minor] = match;
  const fields = fieldLines.read(text, line.length + 2);
  return { method, target, minor: minor === '0' ? 0 : 1, fields };
}

export function parseResponseHead(text: string, fieldLines: FieldLines): ResponseHead {
  const line = lineAt(text, 0);
  const match = statusLine.exec(line);
  if (match === null) throw new CodecError('malformed status line');
  const fields = fieldLines.read(text, line.length + 2);
  return { status: Number(match[2]), reason: match[3] ?? '', minor: match[1] === '0' ? 0 : 1, fields };
}

function onlyValue(fields: readonly Field[], wanted: string, complaint: string): string | undefined {
  let found: string | undefined;
  for (const { name, value } of fields) {
    if (name !== wanted) continue;
    if (found !== undefined) throw new CodecError(complaint);
    found = value;
  }
  return found;
}

function explicitFraming(fields: readonly Field[], minor: 0 | 1): Framing | undefined {
  const length = onlyValue(fields, 'content-length', 'repeated Content-Length');
  const coding = onlyValue(fields, 'transfer-encoding', 'repeated Transfer-Encoding');
  if (coding !== undefined) {
    if (length !== undefined) throw new CodecError('both Content-Length and Transfer-Encoding');
    if (minor === 0) throw new CodecError('Transfer-Encoding in HTTP/1.0');
    if (coding.toLowerCase() !== 'chunked') throw new CodecError('unsupported Transfer-Encoding', 501);
    return { kind: 'chunked' };
  }
  if (length === undefined) return undefined;
  // 15 digits stay below Number.MAX_SAFE_INTEGER.
  if (!/^\d{1,15}$/.test(length)) throw new CodecError('malformed Content-Length');
  return { kind: 'length', length: Number(length) };
}

/** RFC 9112 6.3 for requests. */
export function requestFraming(head: RequestHead): Framing {
  const framing = explicitFraming(head.fields, head.minor) ?? { kind: 'none' };
  return framing.kind === 'length' && framing.length === 0 ? { kind: 'none' } : framing;
}

/** RFC 9112 6.3 for responses to `method`. Also refuses ambiguity where there is no body. */
export function responseFraming(head: ResponseHead, method: string): Framing {
  const framing = explicitFraming(head.fields, head.minor);
  if (method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304) {
    return { kind: 'none' };
  }
  if (framing?.kind === 'length' && framing.length === 0) return { kind: 'none' };
  return framing ?? { kind: 'close' };
}
