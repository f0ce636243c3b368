/** Numbers and texts of answers, which are read leniently: what is of another type was not told. Pure. */

/** A token count; undefined: none. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
