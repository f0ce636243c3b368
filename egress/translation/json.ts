/** JSON text to objects and back, without throwing: what is nested too deep for the runtime is no JSON to us. */
import { asObject, type JsonObject } from '../providers/index.ts';

/** undefined: it is no JSON object. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Arguments of a call: no text at all is no arguments. */
export function parseArguments(text: string): JsonObject | undefined {
  return text.trim() === '' ? {} : parseObject(text);
}

export function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/** The object without members that are undefined. */
export function compact(members: Readonly<Record<string, unknown>>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** All of them, or undefined where one could not be read: an answer without one of its parts is another answer. */
export function allOf<T>(parts: ReadonlyArray<T | undefined>): T[] | undefined {
  const read = parts.filter((part) => part !== undefined);
  return read.length === parts.length ? read : undefined;
}
