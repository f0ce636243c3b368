/**
 * An object as the API server would have it: with the defaults of its schema, where it is of our group. A field that
 * only says what is so anyway is no difference. Pure.
 */
import { apiGroup, apiVersionName } from '../../api/index.ts';
import { isObject, type JsonObject } from '../manifest/json.ts';
import { checkKind } from '../schema/kind-check.ts';

export function isOurs({ apiVersion }: JsonObject): boolean {
  return apiVersion === `${apiGroup}/${apiVersionName}`;
}

/** The object itself when its schema is not ours, or refuses it. */
export function withDefaults(value: JsonObject): JsonObject {
  const { kind, metadata, spec } = value;
  if (!isOurs(value) || typeof kind !== 'string' || !isObject(metadata)) return value;
  const defaulted = checkKind({ kind, value, metadata, spec })?.spec;
  return defaulted === undefined ? value : { ...value, spec: defaulted };
}
