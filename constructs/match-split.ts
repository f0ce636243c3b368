/**
 * A match with longer lists than its kind takes, as several that come to the same: a match is all of its fields, each of
 * which is any of its values, so every piece of one field stands with every piece of the others. Pure.
 */
import { piecesOf } from './continuation.ts';

/** @internal The most values each field takes. */
export type Bounds<T> = { readonly [K in keyof T]?: number };

/** In order; one match when everything fits. */
export function splitMatch<T extends object>(match: T, bounds: Bounds<T>): T[] {
  let matches = [match];
  for (const [field, size] of Object.entries(bounds) as [keyof T, number][]) {
    const values: unknown = match[field];
    if (!Array.isArray(values) || values.length <= size) continue;
    const pieces = piecesOf(values, size);
    matches = matches.flatMap((each) => pieces.map((piece) => ({ ...each, [field]: piece })));
  }
  return matches;
}
