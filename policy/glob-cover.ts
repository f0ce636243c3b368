/** When one glob of a provider rule surely takes everything another takes. `false` means "cannot say". */

/** `*` any run, as in the gateway; other special characters are compared as they stand. */
export function coversGlob(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '*') return true;
  if (!/^[^*?[\\]*\*$/.test(wide)) return false;
  return narrow.startsWith(wide.slice(0, -1)) && wide.length > 1;
}

/** An empty list takes everything. */
export function coversGlobs(wide: readonly string[], narrow: readonly string[]): boolean {
  if (wide.length === 0) return true;
  return narrow.length > 0 && narrow.every((each) => wide.some((glob) => coversGlob(glob, each)));
}
