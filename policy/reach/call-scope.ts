/**
 * Which calls a clause takes, taken apart to single globs, and whether one takes everything another does. Sound, not
 * complete: where it cannot tell it says no, so that a diff reports a change too many and never one too few.
 */
import { globCovers } from '../glob-cover.ts';
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

export function scopeCovers(wide: CallScope, narrow: CallScope): boolean {
  return globCovers(wide.model, narrow.model) && globCovers(wide.endpoint, narrow.endpoint);
}

export function renderCallScope({ model, endpoint }: CallScope): string {
  return renderScope({
    models: model === undefined ? [] : [model],
    endpoints: endpoint === undefined ? [] : [endpoint],
  });
}
