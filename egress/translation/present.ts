/** What is written of an object: APIs tell an absent member from a null one. Pure. */
import type { JsonObject } from '../providers/index.ts';

/** Without the members that are undefined. */
export function present(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
