/**
 * Fields between our lists and what node:http2 takes and gives. Apart because node throws where a field it thinks single is
 * repeated, and an object with a prototype has fields nobody sent: neither may depend on what a peer sends.
 */
import type { OutgoingHttpHeaders } from 'node:http2';
import { createField, type Field } from '../http1/index.ts';

/** The fields of which node:http2 (20 to 26) refuses a second value by throwing. */
const singleValued = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);
/** Fields that do not exist in HTTP/2 (RFC 9113 8.2.2). */
const connectionSpecific = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function isCarried({ name, value }: Field): boolean {
  if (name === 'te') return value.toLowerCase() === 'trailers';
  return name !== '' && !name.startsWith(':') && !connectionSpecific.has(name);
}

/** What RFC 9110 5.3 lets any proxy do: the same value once, else all of them in one line. Two lines are never chosen from. */
function joinSingle(values: readonly string[]): string {
  return [...new Set(values)].join(', ');
}

/** Lists to the object node:http2 wants, repeated names as arrays. It has no prototype: `constructor` is a field like others. */
export function toHttp2Headers(
  fields: readonly Field[],
  pseudo: Readonly<Record<string, string | number>> = {},
): OutgoingHttpHeaders {
  const values = new Map<string, string[]>();
  for (const field of fields) {
    if (!isCarried(field)) continue;
    const present = values.get(field.name);
    if (present === undefined) values.set(field.name, [field.value]);
    else present.push(field.value);
  }
  const headers = Object.create(null) as OutgoingHttpHeaders;
  for (const name in pseudo) headers[name] = pseudo[name];
  for (const [name, all] of values) {
    if (name in headers) continue;
    headers[name] = all.length === 1 ? all[0] : singleValued.has(name) ? joinSingle(all) : all;
  }
  return headers;
}

/** node's flat list of names and values to fields, without pseudo-headers. */
export function fromRawHeaders(raw: readonly string[]): Field[] {
  const fields: Field[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!name.startsWith(':')) fields.push(createField(name, raw[index + 1] ?? ''));
  }
  return fields;
}

/** The fields of what node's events of a stream give after headers and flags. */
export function fieldsOf(more: readonly unknown[]): Field[] {
  const [raw] = more;
  return Array.isArray(raw) ? fromRawHeaders(raw as string[]) : [];
}

/** The crumbs of a cookie as one field, for a peer that speaks HTTP/1.1 (RFC 9113 8.2.3). */
export function foldCookies(fields: readonly Field[]): readonly Field[] {
  const crumbs = fields.filter(({ name }) => name === 'cookie');
  const [first] = crumbs;
  if (first === undefined || crumbs.length === 1) return fields;
  const whole = { ...first, value: crumbs.map(({ value }) => value).join('; ') };
  return fields.flatMap((field) => (field === first ? [whole] : field.name === 'cookie' ? [] : [field]));
}
