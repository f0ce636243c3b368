/** A value that a JSON schema allows, made from the prompt: arguments of tools and structured answers. Pure. */
import { asArray, asObject, asString, type JsonObject } from './json.ts';

const maxDepth = 8;

function typeOf(type: unknown): string {
  const [first] = Array.isArray(type) ? asArray(type).filter((each) => each !== 'null') : [type];
  // Google writes types in capitals.
  return (asString(first) ?? 'object').toLowerCase();
}

/** Strings are `text`; objects have what is required of them. */
export function sampleOf(schema: unknown, text: string, depth = 0): unknown {
  const given = asObject(schema) ?? {};
  if (depth > maxDepth) return null;
  if ('const' in given) return given['const'];
  if (given['enum'] !== undefined) return asArray(given['enum'])[0];
  const [choice] = asArray(given['anyOf']);
  return choice === undefined ? plainSample(given, text, depth) : sampleOf(choice, text, depth + 1);
}

function plainSample(given: JsonObject, text: string, depth: number): unknown {
  switch (typeOf(given['type'])) {
    case 'string':
      return text;
    case 'number':
    case 'integer':
      return typeof given['minimum'] === 'number' ? given['minimum'] : 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return given['items'] === undefined ? [] : [sampleOf(given['items'], text, depth + 1)];
    default:
      return objectOf(given, text, depth);
  }
}

function objectOf(schema: JsonObject, text: string, depth: number): object {
  const properties = asObject(schema['properties']) ?? {};
  const required = asArray(schema['required']).flatMap((name) => asString(name) ?? []);
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name], text, depth + 1)]));
}
