/**
 * Which calls a clause takes, taken apart to single globs, and whether one takes everything another does. Sound, not
 * complete: where it cannot tell it says no, so that a diff reports a change too many and never one too few.
 */
import type { Access, Outcome } from './outcome.ts';
import { renderScope } from './words.ts';

export interface CallScope {
  /** Undefined: every call, also one that names no model. */
  readonly model: string | undefined;
  readonly endpoint: string | undefined;
  readonly outcomes: readonly Outcome[];
}

/** In the order the gateway tries them; refused calls are left out. */
export function scopesOf(access: Access): CallScope[] {
  const all = <T>(list: readonly T[]): ReadonlyArray<T | undefined> =>
    list.length === 0 ? [undefined] : list;
  const clauses = access.clauses.flatMap(({ matches, outcomes }) =>
    outcomes.length === 0
      ? []
      : matches.flatMap(({ models, endpoints }) =>
          all(models).flatMap((model) => all(endpoints).map((endpoint) => ({ model, endpoint, outcomes }))),
        ),
  );
  const rest = { model: undefined, endpoint: undefined, outcomes: access.otherwise };
  return access.otherwise.length === 0 ? clauses : [...clauses, rest];
}

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

export function scopeCovers(wide: CallScope, narrow: CallScope): boolean {
  return globCovers(wide.model, narrow.model) && globCovers(wide.endpoint, narrow.endpoint);
}

export function renderCallScope({ model, endpoint }: CallScope): string {
  return renderScope({
    models: model === undefined ? [] : [model],
    endpoints: endpoint === undefined ? [] : [endpoint],
  });
}
