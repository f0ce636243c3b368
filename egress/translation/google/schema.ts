/**
 * Google's own schemas (a part of OpenAPI 3.0, types in capitals) as JSON schemas. The other way is not needed: the API takes JSON
 * schemas in members of their own. Pure; nested only so deep.
 */
import { asObject, type JsonObject } from '../../providers/index.ts';
import { compact } from '../json.ts';
import { camelCase } from './spelling.ts';

const maxDepth = 64;
/** Counts, which Google writes as text. */
const counts = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties'] as const;
const same = [
  'description',
  'title',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'default',
  'required',
] as const;

function readCount(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

function members(
  schema: JsonObject,
  names: readonly string[],
  read: (value: unknown) => unknown,
): JsonObject {
  const known = names.filter((name) => Object.hasOwn(schema, name));
  return Object.fromEntries(known.map((name) => [name, read(schema[name])]));
}

function typeOf({ type, nullable }: JsonObject): unknown {
  if (typeof type !== 'string' || type === 'TYPE_UNSPECIFIED') return undefined;
  const name = type.toLowerCase();
  return nullable === true ? [name, 'null'] : name;
}

class TooDeep extends Error {}

function properties(value: unknown, depth: number): JsonObject | undefined {
  const all = asObject(value);
  return (
    all && Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, convert(schema, depth)]))
  );
}

function convert(value: unknown, depth: number): unknown {
  if (depth > maxDepth) throw new TooDeep();
  const given = asObject(value);
  if (given === undefined) return value;
  const schema = Object.fromEntries(Object.entries(given).map(([name, member]) => [camelCase(name), member]));
  const options = Array.isArray(schema['anyOf']) ? schema['anyOf'] : undefined;
  const values = Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : undefined;
  return compact({
    type: typeOf(schema),
    enum: schema['nullable'] === true && values !== undefined ? [...values, null] : values,
    ...members(schema, same, (member) => member),
    ...members(schema, counts, readCount),
    items: schema['items'] === undefined ? undefined : convert(schema['items'], depth + 1),
    properties: properties(schema['properties'], depth + 1),
    anyOf: options?.map((option) => convert(option, depth + 1)),
  });
}

/** undefined: it is nested deeper than any schema is. */
export function jsonSchemaOf(schema: JsonObject): JsonObject | undefined {
  try {
    return asObject(convert(schema, 0));
  } catch {
    return undefined;
  }
}
