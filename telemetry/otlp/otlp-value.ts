/**
 * OTLP values as the text ClickHouse columns hold: ids in hex, times with nine decimals, attributes as string maps.
 * Apart from the row renderers because spans and logs share it. Bounded: what is longer than a limit is cut, what is
 * more than a limit is dropped; an id of a wrong length becomes empty, never a guess.
 */
import type { AnyValue, Bytes, Int64, KeyValue } from './otlp-message.ts';

/** OpenTelemetry's own default is 128 a record; captured exchanges carry a little more. */
export const maxAttributes = 256;
/** Two captured bodies of 64 KiB in base64 fit many times. */
export const maxValueChars = 1024 * 1024;
const maxKeyChars = 256;
const maxDepth = 12;

/** Half of a surrogate pair, sent or made by the cut, is not text to ClickHouse: it would refuse the whole batch. */
export function cut(text: unknown, limit: number): string {
  if (typeof text !== 'string') return '';
  const short = text.length > limit ? text.slice(0, limit) : text;
  return short.isWellFormed() ? short : short.toWellFormed();
}

function toBigInt(value: unknown): bigint {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : 0n;
  if (value === null || typeof value !== 'object') return 0n;
  const { low, high } = value as { low?: unknown; high?: unknown };
  if (typeof low !== 'number' || typeof high !== 'number') return 0n;
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/** Unsigned nanoseconds; what a DateTime64(9) cannot hold (after 2262) is 0. */
export function nanoseconds(value: Int64 | undefined): bigint {
  const nanos = BigInt.asUintN(64, toBigInt(value));
  return nanos > 9_223_372_036_854_775_807n ? 0n : nanos;
}

/** `seconds.nanoseconds`, which ClickHouse reads exactly. */
export function renderTime(nanos: bigint): string {
  const digits = nanos.toString().padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Lower-case hex of exactly `length` bytes, else empty; an all-zero id is "none" in OTLP. */
export function hexId(value: Bytes | undefined, length: number): string {
  let hex = '';
  if (typeof value === 'string') hex = /^[0-9a-fA-F]+$/.test(value) ? value.toLowerCase() : '';
  else if (value instanceof Uint8Array) {
    hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  }
  return hex.length === length * 2 && /[^0]/.test(hex) ? hex : '';
}

/** What each kind of value reads as. Own members only: protobufjs shows all others' defaults by prototype. */
const readers: { readonly [K in keyof AnyValue]-?: (value: AnyValue, depth: number) => unknown } = {
  stringValue: (value) => value.stringValue,
  intValue: (value) => toBigInt(value.intValue).toString(),
  boolValue: (value) => value.boolValue,
  doubleValue: (value) => value.doubleValue,
  arrayValue: (value, depth) => list(value.arrayValue?.values).map((item) => plain(item, depth + 1)),
  kvlistValue: (value, depth) => plainMap(list(value.kvlistValue?.values), depth + 1),
  bytesValue: (value) => renderBytes(value.bytesValue ?? ''),
};
const valueKinds = Object.keys(readers) as Array<keyof AnyValue>;

function plain(value: AnyValue | null | undefined, depth: number): unknown {
  if (value === null || value === undefined || typeof value !== 'object' || depth > maxDepth) return null;
  const kind = valueKinds.find((candidate) => Object.hasOwn(value, candidate));
  return kind === undefined ? null : readers[kind](value, depth);
}

function plainMap(pairs: readonly KeyValue[], depth: number): object {
  return Object.fromEntries(pairs.map((pair) => [cut(pair?.key, maxKeyChars), plain(pair?.value, depth)]));
}

function renderBytes(value: Bytes): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString('base64');
}

/** What claims to be a list, or nothing: JSON input may hold anything. */
export function list<T>(value: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}

/** One value as text: scalars as they read, lists and maps as JSON. */
export function renderValue(value: AnyValue | null | undefined): string {
  const result = plain(value, 0);
  if (typeof result === 'string') return cut(result, maxValueChars);
  // Numbers and booleans read in JSON as they read anywhere.
  return result === null || result === undefined ? '' : cut(JSON.stringify(result), maxValueChars);
}

export function renderAttributes(attributes: readonly KeyValue[] | null | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  let count = 0;
  for (const pair of list(attributes)) {
    const key = cut(pair?.key, maxKeyChars);
    if (key === '' || key === '__proto__') continue;
    if (++count > maxAttributes) break;
    out[key] = renderValue(pair.value);
  }
  return out;
}
