/**
 * When one glob of a provider rule surely takes everything another takes. Sound, not complete: `false` means "cannot
 * say", so that nothing is called shadowed or unchanged that is not. Undefined is no glob at all: every text.
 */

/** Does `wide` match every text `narrow` does? Globs with classes or escapes only when they are the same text. */
export function globCovers(wide: string | undefined, narrow: string | undefined): boolean {
  if (wide === undefined || wide === narrow) return true;
  if (narrow === undefined) return false;
  if (/^\*+$/.test(wide)) return true;
  if (/[[\]\\]/.test(wide + narrow)) return false;
  return covers(Array.from(wide), Array.from(narrow));
}

/** A star takes stars and anything else, `?` takes any one character, a character takes itself. */
function covers(wide: readonly string[], narrow: readonly string[]): boolean {
  // reached[j]: the part of `wide` so far can stand for the first j of `narrow`.
  let reached = narrow.map(() => false);
  reached.unshift(true);
  for (const piece of wide) {
    const next: boolean[] = [piece === '*' && reached[0] === true];
    for (const [index, character] of narrow.entries()) {
      const one = reached[index] === true && character !== '*' && (piece === '?' || piece === character);
      const many = piece === '*' && (reached[index + 1] === true || next[index] === true);
      next.push(one || many);
    }
    reached = next;
  }
  return reached.at(-1) === true;
}

/** An empty list takes everything. */
export function coversGlobs(wide: readonly string[], narrow: readonly string[]): boolean {
  if (wide.length === 0) return true;
  return narrow.length > 0 && narrow.every((each) => wide.some((glob) => globCovers(glob, each)));
}
