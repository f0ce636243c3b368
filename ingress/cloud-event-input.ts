/**
 * What somebody publishes, as it is kept: a CloudEvent in headers (binary mode) or as one JSON document (structured), both kept in
 * headers; anything else is the data of an event without attributes. Pure; nothing foreign throws.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { attributeText, cloudEventContentType } from '../contract/index.ts';

export interface EventInput {
  /** Lower case: `content-type`, `ce-…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

const maxAttributeBytes = 8 * 1024;
const attributeName = /^[a-z0-9]{1,20}$/;
const printable = /^[\x20-\x7e]*$/;

function mediaOf(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function bounded(input: EventInput): EventInput | undefined {
  const bytes = Object.entries(input.headers).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  return bytes > maxAttributeBytes ? undefined : input;
}

function objectOf(data: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Undefined: a name or value that no attribute has. */
function attributeHeaders(attributes: Readonly<Record<string, unknown>>): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const [name, each] of Object.entries(attributes)) {
    const isScalar = ['string', 'number', 'boolean'].includes(typeof each);
    if (!attributeName.test(name) || !isScalar) return undefined;
    headers[`ce-${name}`] = attributeText(String(each));
  }
  return headers;
}

function fromStructured(document: Uint8Array): EventInput | undefined {
  const { data, data_base64: base64, datacontenttype, ...attributes } = objectOf(document) ?? {};
  if (typeof attributes['id'] !== 'string' || typeof attributes['source'] !== 'string') return undefined;
  const headers = attributeHeaders(attributes);
  const type = typeof datacontenttype === 'string' ? datacontenttype : 'application/json';
  const bytes = dataOf(data, base64, type);
  if (headers === undefined || bytes === undefined || !printable.test(type)) return undefined;
  return { headers: { ...headers, 'content-type': type }, data: bytes };
}

/** Undefined: it is nested deeper than can be written down again, though it could be read. */
function dataOf(value: unknown, base64: unknown, type: string): Uint8Array | undefined {
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64');
  if (value === undefined) return new Uint8Array();
  if (typeof value === 'string' && !type.includes('json')) return Buffer.from(value);
  try {
    return Buffer.from(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

/** Undefined: it says that it is a CloudEvent, and is none that can be kept. */
export function readEvent(headers: IncomingHttpHeaders, data: Uint8Array): EventInput | undefined {
  if (mediaOf(headers) === cloudEventContentType) {
    const input = fromStructured(data);
    return input === undefined ? undefined : bounded(input);
  }
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isKept = name === 'content-type' || (name.startsWith('ce-') && attributeName.test(name.slice(3)));
    if (isKept && typeof value === 'string') kept[name] = attributeText(value);
  }
  return bounded({ headers: kept, data });
}
