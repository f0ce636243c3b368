/** Values as JSON has them: what a manifest is made of once it is parsed. Nothing here knows a kind. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Undefined for what JSON cannot hold (dates, NaN, maps with keys that are no text) and for what is nested too deep. */
export function parseJson(value: unknown, depth: number): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'object' || depth < 1) return undefined;
  return Array.isArray(value) ? parseList(value, depth) : parseMap(value, depth);
}

function parseList(value: readonly unknown[], depth: number): Json | undefined {
  const items = value.map((item) => parseJson(item, depth - 1));
  return items.includes(undefined) ? undefined : items.filter((item) => item !== undefined);
}

function parseMap(value: object, depth: number): Json | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const entries = Object.entries(value).map(([key, inner]) => [key, parseJson(inner, depth - 1)] as const);
  return entries.some(([, inner]) => inner === undefined) ? undefined : Object.fromEntries(entries);
}
