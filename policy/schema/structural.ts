/**
 * A structural schema (the subset CustomResourceDefinitions have) compiled to one function: checks the shape and gives
 * back the value with defaults, as the API server does before it evaluates CEL. Own, because no JSON-schema validator
 * knows list-type, unknown fields that are pruned, or defaults in this order; a keyword it does not know is refused when
 * the schema is compiled, never passed over.
 */
import { isList, isObject, type Json, type JsonObject } from '../manifest/json.ts';
import { compileScalar } from './scalar.ts';
import { typeName, type Check, type Walk } from './walk.ts';

const keywords = new Set([
  'type',
  'description',
  'format',
  'pattern',
  'enum',
  'default',
  'anyOf',
  'required',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'items',
  'properties',
  'additionalProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
]);

export function compileStructural(schema: JsonObject): Check {
  const unknown = Object.keys(schema).find((key) => !keywords.has(key));
  if (unknown !== undefined) throw new Error(`schema keyword ${unknown} is not known to policy/schema`);
  const { type } = schema;
  if (type === 'object') return compileObject(schema);
  if (type === 'array') return compileList(schema);
  const anything = type === undefined && schema['x-kubernetes-int-or-string'] !== true;
  return anything ? (value) => value : compileScalar(schema);
}

interface Field {
  readonly name: string;
  readonly check: Check;
  readonly isRequired: boolean;
  readonly fallback: Json | undefined;
}

function compileFields(schema: JsonObject): Field[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = isList(schema['required']) ? schema['required'] : [];
  return Object.entries(properties).flatMap(([name, inner]) => {
    if (!isObject(inner)) return [];
    const isRequired = required.includes(name);
    return [{ name, check: compileStructural(inner), isRequired, fallback: inner['default'] }];
  });
}

function compileObject(schema: JsonObject): Check {
  const fields = new Map(compileFields(schema).map((field) => [field.name, field]));
  const others = isObject(schema['additionalProperties'])
    ? compileStructural(schema['additionalProperties'])
    : undefined;
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const most = Number(schema['maxProperties'] ?? Number.POSITIVE_INFINITY);

  function checkEntry(key: string, value: Json, walk: Walk): Json {
    const check = fields.get(key)?.check ?? others;
    if (check !== undefined) return walk.within(key, () => check(value, walk));
    if (!keepsUnknown) walk.within(key, () => walk.addUnknownField());
    return value;
  }

  return (value, walk) => {
    if (!isObject(value)) {
      walk.add(`must be of type object: "${typeName(value)}"`, true);
      return value;
    }
    const result: Record<string, Json> = {};
    let count = 0;
    for (const key of Object.keys(value)) {
      const inner = value[key];
      if (inner === undefined) continue;
      count += 1;
      result[key] = checkEntry(key, inner, walk);
    }
    if (count > most) walk.add(`Too many: ${count}: must have at most ${most} items`, true);
    for (const { name, isRequired, fallback } of fields.values()) {
      if (Object.hasOwn(result, name)) continue;
      if (fallback !== undefined) result[name] = fallback;
      else if (isRequired) walk.within(name, () => walk.add('Required value', true));
    }
    return result;
  };
}

function compileList(schema: JsonObject): Check {
  const check = isObject(schema['items']) ? compileStructural(schema['items']) : undefined;
  const least = Number(schema['minItems'] ?? 0);
  const most = Number(schema['maxItems'] ?? Number.POSITIVE_INFINITY);
  const keys = isList(schema['x-kubernetes-list-map-keys'])
    ? schema['x-kubernetes-list-map-keys'].map(String)
    : [];
  return (value, walk) => {
    if (!isList(value)) {
      walk.add(`must be of type array: "${typeName(value)}"`, true);
      return value;
    }
    if (value.length < least) walk.add(`should have at least ${least} items`);
    if (value.length > most) walk.add(`Too many: ${value.length}: must have at most ${most} items`, true);
    // What is beyond the bound is not walked: the list is refused anyway.
    const items = value.slice(0, Math.min(value.length, most));
    const result =
      check === undefined ? items : items.map((item, index) => walk.within(index, () => check(item, walk)));
    if (keys.length > 0) refuseDuplicates(result, keys, walk);
    return result;
  };
}

function refuseDuplicates(items: readonly Json[], keys: readonly string[], walk: Walk): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    if (!isObject(item)) return;
    const identity = JSON.stringify(keys.map((key) => item[key]));
    if (seen.has(identity))
      walk.within(index, () => walk.add(`Duplicate value: ${keys.join(', ')} ${identity}`));
    seen.add(identity);
  });
}
