/**
 * Google's JSON takes names both ways, `mime_type` and `mimeType`, and its own SDKs mix them: here they are all written one way.
 * What is the caller's own (arguments, answers of tools, schemas) keeps its names. Pure.
 */
import { asObject } from '../json.ts';

const own = new Set([
  'args',
  'response',
  'parameters',
  'parametersJsonSchema',
  'responseSchema',
  'responseJsonSchema',
]);

function camelName(name: string): string {
  return name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

export function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  const object = asObject(value);
  if (object === undefined) return value;
  const entries = Object.entries(object).map(([name, inner]) => [camelName(name), inner] as const);
  return Object.fromEntries(entries.map(([name, inner]) => [name, own.has(name) ? inner : camel(inner)]));
}
