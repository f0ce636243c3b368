/**
 * Types to bytes. Apart from the decoder because a proxy must write a message of its own, never echo a head it read:
 * framing fields are always ours, so the peer cannot see another length than we do.
 */
import type { Field } from './field.ts';
import type { Framing } from './head.ts';

function renderFields(fields: readonly Field[]): string {
  let text = '';
  for (const field of fields) text += `${field.raw}: ${field.value}\r\n`;
  return text;
}

function renderFraming(framing: Framing): string {
  if (framing.kind === 'length') return `Content-Length: ${framing.length}\r\n`;
  return framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
}

/** `fields` must hold no framing and no hop-by-hop field. */
export function renderRequestHead(
  method: string,
  target: string,
  fields: readonly Field[],
  framing: Framing,
): string {
  // A body-less POST still says so: some servers answer 411 otherwise (RFC 9110 8.6).
  const empty = framing.kind === 'none' && (method === 'POST' || method === 'PUT' || method === 'PATCH');
  const length = empty ? 'Content-Length: 0\r\n' : renderFraming(framing);
  return `${method} ${target} HTTP/1.1\r\n${renderFields(fields)}${length}\r\n`;
}

export function renderResponseHead(
  status: { readonly code: number; readonly reason: string },
  fields: readonly Field[],
  framing: Framing,
): string {
  return `HTTP/1.1 ${status.code} ${status.reason}\r\n${renderFields(fields)}${renderFraming(framing)}\r\n`;
}

/** Bytes to put before and after one chunk of data. */
export function chunkPrefix(byteLength: number): string {
  return `${byteLength.toString(16)}\r\n`;
}
export const chunkSuffix = '\r\n';

/** The end of a chunked body. */
export function renderLastChunk(trailers: readonly Field[]): string {
  return `0\r\n${renderFields(trailers)}\r\n`;
}
