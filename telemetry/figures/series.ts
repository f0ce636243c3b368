/**
 * A series: one recipe over time, as one statement and as the object clients get. Texts of statements are made of the catalogue
 * alone; every value a client sends is a parameter. Sums are exact: numbers travel as text.
 */
import { metricsGroupVersion } from '../../contract/index.ts';
import type { Statement } from '../read/call-query.ts';
import type { Store } from '../store/store.ts';
import { dimensionsOf, sources, type Recipe } from './recipe.ts';
import { bounds, type FigureScope, type SeriesRequest } from './series-options.ts';

interface Point {
  readonly time: string;
  /** Of a counter. */
  readonly value?: string;
  /** Of a histogram: of how many. */
  readonly count?: string;
  readonly quantiles?: Readonly<Record<string, string>>;
}

interface MetricSeries {
  readonly apiVersion: typeof metricsGroupVersion;
  readonly kind: 'MetricSeries';
  readonly metadata: Readonly<Record<string, string>>;
  readonly metric: string;
  readonly type: Recipe['type'];
  readonly unit: string;
  readonly since: string;
  readonly until: string;
  readonly step: string;
  /** There are more series; these are the largest. */
  readonly truncated: boolean;
  readonly series: ReadonlyArray<{
    readonly labels: Readonly<Record<string, string>>;
    /** A step without a point: nothing was recorded in it. */
    readonly points: readonly Point[];
  }>;
}

function scopeCondition(recipe: Recipe, { kind, namespace, name }: FigureScope): readonly [string, object] {
  if (recipe.source === 'calls') {
    const sql =
      'namespace = {namespace: String} AND agent_kind = {kind: String} AND agent_name = {name: String}';
    return [sql, { namespace, kind, name }];
  }
  if (kind === 'EgressGateway') return ['EGRef = {gateway: String}', { gateway: `${namespace}/${name}` }];
  return ['Agent = {agent: String}', { agent: `${kind}/${namespace}/${name}` }];
}

/** One row a series, the largest first. */
export function seriesStatement(request: SeriesRequest): Statement {
  const { recipe, scope, groupBy, stepS, sinceS, untilS, quantiles } = request;
  const { table, time } = sources[recipe.source];
  const expressions = dimensionsOf(recipe);
  const names = groupBy.map((name) => `toString(${expressions[name] ?? "''"})`);
  const parts = recipe.type === 'Counter' ? recipe.parts : undefined;
  const of = Object.entries(parts?.of ?? {}).map(([label, column]) => `('${label}', ${column})`);
  const array = parts === undefined ? '' : `ARRAY JOIN [${of.join(', ')}] AS part`;
  const [scoped, scopeParams] = scope === undefined ? ['1', {}] : scopeCondition(recipe, scope);
  const value =
    recipe.type === 'Counter'
      ? `${recipe.sum} AS v, [] AS q`
      : `count() AS v, arrayMap(x -> toString(round(x, 6)), quantiles(${quantiles.join(', ')})(${recipe.value})) AS q`;
  return {
    sql: `SELECT labels, arraySort(groupArray((at, toString(v), q))) AS points FROM (
SELECT [${names.join(', ')}]::Array(String) AS labels,
intDiv(toUnixTimestamp(${time}), {step: UInt32}) * {step: UInt32} AS at, ${value}
FROM ${table} ${array}
WHERE ${time} >= fromUnixTimestamp({since: Int64}) AND ${time} < fromUnixTimestamp({until: Int64})
AND ${scoped} AND ${recipe.where} GROUP BY labels, at HAVING v > 0)
GROUP BY labels ORDER BY sum(v) DESC, labels LIMIT {most: UInt32}`,
    params: { ...scopeParams, step: stepS, since: sinceS, until: untilS, most: bounds.maxSeries + 1 },
  };
}

interface SeriesRow {
  readonly labels: readonly string[];
  readonly points: ReadonlyArray<readonly [number | string, string, readonly string[]]>;
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

function pointsOf({ points }: SeriesRow, { recipe, quantiles }: SeriesRequest): readonly Point[] {
  return points.map(([at, value, measured]) => {
    const time = timeOf(Number(at));
    if (recipe.type === 'Counter') return { time, value };
    const named = quantiles.map((quantile, index) => [String(quantile), measured[index] ?? '0']);
    return { time, count: value, quantiles: Object.fromEntries(named) as Record<string, string> };
  });
}

export async function readSeries(store: Pick<Store, 'query'>, request: SeriesRequest): Promise<MetricSeries> {
  const { recipe, scope, groupBy, stepS, sinceS, untilS } = request;
  const { sql, params } = seriesStatement(request);
  const rows = await store.query<SeriesRow>(sql, params);
  return {
    apiVersion: metricsGroupVersion,
    kind: 'MetricSeries',
    metadata: scope === undefined ? { name: recipe.id } : { name: scope.name, namespace: scope.namespace },
    metric: recipe.id,
    ...{ type: recipe.type, unit: recipe.unit },
    ...{ since: timeOf(sinceS), until: timeOf(untilS), step: `${stepS}s` },
    truncated: rows.length > bounds.maxSeries,
    series: rows.slice(0, bounds.maxSeries).map((row) => ({
      labels: Object.fromEntries(groupBy.map((name, index) => [name, row.labels[index] ?? ''])),
      points: pointsOf(row, request),
    })),
  };
}
