/**
 * What is asked of a series, within bounds: how far back, in which steps, told apart by what. Pure. A parameter that is not
 * known is refused: it might have been a filter.
 */
import { parseDuration } from '../../api/index.ts';
import { ClrkError } from '../../contract/index.ts';
import { catalogue, dimensionsOf, findRecipe, sources, type Recipe, type ScopeKind } from './recipe.ts';

/** Whose: absent, everybody's. */
export interface FigureScope {
  readonly kind: ScopeKind;
  readonly namespace: string;
  readonly name: string;
}

export interface SeriesRequest {
  readonly recipe: Recipe;
  readonly scope?: FigureScope;
  /** Names of the recipe's dimensions. */
  readonly groupBy: readonly string[];
  /** Unix seconds; a step begins at both. */
  readonly sinceS: number;
  readonly untilS: number;
  readonly stepS: number;
  /** Of histograms. */
  readonly quantiles: readonly number[];
}

export const bounds = {
  defaultRangeS: 60 * 60,
  maxRangeS: 31 * 24 * 60 * 60,
  maxSteps: 1500,
  maxSeries: 50,
  maxGroups: 4,
  maxQuantiles: 10,
} as const;
/** Of who names no step. */
const defaultSteps = 60;
const defaultQuantiles = [0.5, 0.95, 0.99];

function bad(message: string): ClrkError {
  return new ClrkError('BAD_REQUEST', message);
}

function timeOf(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === '') return undefined;
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const ms = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw bad(`${key} must be an RFC 3339 time`);
  return Math.floor(ms / 1000);
}

function stepOf(query: URLSearchParams, rangeS: number): number {
  const text = query.get('step') ?? '';
  if (text === '') return Math.max(1, Math.ceil(rangeS / defaultSteps));
  const ms = text.length > 32 ? undefined : parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  const seconds = (ms ?? 0) / 1000;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > bounds.maxRangeS) {
    throw bad('step must be whole seconds, 1s or more, such as 60s or 5m');
  }
  return seconds;
}

function rangeOf(query: URLSearchParams, nowMs: number): { sinceS: number; untilS: number; stepS: number } {
  const until = timeOf(query, 'until') ?? Math.ceil(nowMs / 1000);
  const since = timeOf(query, 'since') ?? until - bounds.defaultRangeS;
  if (since >= until) throw bad('since must be before until');
  if (until - since > bounds.maxRangeS) throw bad('a series spans 31 days at most');
  const stepS = stepOf(query, until - since);
  const [sinceS, untilS] = [Math.floor(since / stepS) * stepS, Math.ceil(until / stepS) * stepS];
  if ((untilS - sinceS) / stepS > bounds.maxSteps) {
    throw bad(`a series has ${bounds.maxSteps} steps at most: ask for a longer step, or for less time`);
  }
  return { sinceS, untilS, stepS };
}

function listOf(query: URLSearchParams, key: string, most: number): readonly string[] {
  const text = query.get(key) ?? '';
  if (text === '') return [];
  const names = text.split(',', most + 1);
  if (names.length > most) throw bad(`${key} names ${most} at most`);
  return [...new Set(names)];
}

function groupsOf(query: URLSearchParams, recipe: Recipe): readonly string[] {
  const known = Object.keys(dimensionsOf(recipe));
  const names = listOf(query, 'groupBy', bounds.maxGroups);
  if (names.every((name) => known.includes(name))) return names;
  throw bad(`${recipe.id} is grouped by ${known.join(', ')}`);
}

function quantilesOf(query: URLSearchParams, { type }: Recipe): readonly number[] {
  const texts = listOf(query, 'quantiles', bounds.maxQuantiles);
  if (type !== 'Histogram') {
    if (texts.length > 0) throw bad('quantiles are of histograms');
    return [];
  }
  if (texts.some((text) => !/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/.test(text))) {
    throw bad('quantiles are numbers from 0 to 1, such as 0.5,0.99');
  }
  return texts.length === 0 ? defaultQuantiles : texts.map(Number);
}

const parameters = ['groupBy', 'since', 'until', 'step', 'quantiles', 'timeout', 'pretty'];

function recipeOf(id: string, scope: FigureScope | undefined): Recipe {
  const recipe = findRecipe(id);
  if (recipe === undefined) {
    throw bad(
      `there is no metric "${id.slice(0, 60)}": there are ${catalogue.map((each) => each.id).join(', ')}`,
    );
  }
  if (scope !== undefined && !sources[recipe.source].scopes.includes(scope.kind)) {
    throw bad(`${recipe.id} is not counted for a ${scope.kind}`);
  }
  return recipe;
}

/** `more`: parameters that say which metric or whose, read elsewhere. Throws BAD_REQUEST. */
export function parseSeriesRequest(
  query: URLSearchParams,
  asked: { readonly metric: string; readonly scope?: FigureScope; readonly nowMs: number },
  more: readonly string[],
): SeriesRequest {
  for (const key of query.keys()) {
    if (![...parameters, ...more].includes(key)) throw bad(`unknown parameter ${key.slice(0, 40)}`);
    if (query.getAll(key).length > 1) throw bad(`parameter ${key} is given twice`);
  }
  const recipe = recipeOf(asked.metric, asked.scope);
  return {
    recipe,
    ...(asked.scope === undefined ? {} : { scope: asked.scope }),
    groupBy: groupsOf(query, recipe),
    quantiles: quantilesOf(query, recipe),
    ...rangeOf(query, asked.nowMs),
  };
}
