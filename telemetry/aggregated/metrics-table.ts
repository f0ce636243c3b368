/** Figures and their catalogue as Tables: what `kubectl get` prints. Pure. A figure that is not known has an empty cell. */
import { dimensionsOf, type Recipe } from '../figures/recipe.ts';
import type { UsageObject, UsagePlural } from '../figures/usage.ts';
import { rowObject, type IncludeObject } from './row-object.ts';

interface Column<T> {
  readonly name: string;
  readonly format?: 'name';
  readonly description: string;
  /** 1: with -o wide. */
  readonly priority: 0 | 1;
  readonly cell: (of: T) => string;
}

function figure(name: string, key: string, description: string, priority: 0 | 1 = 0): Column<UsageObject> {
  return { name, description, priority, cell: ({ usage }) => usage[key] ?? '' };
}

const name: Column<UsageObject> = {
  name: 'Name',
  format: 'name',
  description: 'Name of the object these are the figures of',
  priority: 0,
  cell: ({ metadata }) => metadata.name,
};
const window: Column<UsageObject> = {
  name: 'Window',
  description: 'Of how long',
  priority: 0,
  cell: (each) => each.window,
};

const ofModels = [
  figure('Input', 'input_tokens', 'Tokens sent to models'),
  figure('Output', 'output_tokens', 'Tokens got from models'),
  figure('Cost', 'cost_usd', 'What calls of models cost in US dollars, where the price is known'),
];
const ofAgents = [
  figure('Invocations', 'invocations', 'Invocations that ended'),
  figure('Errors', 'errors', 'Invocations that failed, ran out of time or were not taken'),
  figure('Running', 'running', 'Invocations that run now'),
  ...ofModels,
  figure('Tools', 'tool_calls', 'Calls of tools of MCP servers', 1),
];

const usageColumns: Readonly<Record<UsagePlural, readonly Column<UsageObject>[]>> = {
  taskagentmetrics: [
    ...[name, ...ofAgents],
    figure('P50', 'latency_p50_ms', 'Half of the invocations took at most so many milliseconds'),
    figure('P99', 'latency_p99_ms', '99 of 100 invocations took at most so many milliseconds'),
    window,
  ],
  daemonagentmetrics: [name, ...ofAgents, window],
  egressgatewaymetrics: [
    name,
    figure('Requests', 'requests', 'HTTP requests of agents'),
    figure('2xx', 'status_2xx', 'Answers of 200 to 299'),
    figure('4xx', 'status_4xx', 'Answers of 400 to 499'),
    figure('5xx', 'status_5xx', 'Answers of 500 to 599'),
    figure('Denied', 'denied', 'Requests that policy refused'),
    ...ofModels,
    window,
  ],
  workerpoolmetrics: [
    name,
    figure('Dispatches', 'dispatches', 'Invocations its workers took'),
    figure('Errors', 'dispatch_errors', 'Invocations that failed on a worker'),
    figure('P50', 'dispatch_latency_p50_ms', 'Half of them took at most so many milliseconds'),
    figure('P99', 'dispatch_latency_p99_ms', '99 of 100 took at most so many milliseconds'),
    window,
  ],
};

const catalogueColumns: readonly Column<Recipe>[] = [
  { name: 'Name', format: 'name', description: 'Id of the metric', priority: 0, cell: ({ id }) => id },
  { name: 'Type', description: 'Counter or Histogram', priority: 0, cell: ({ type }) => type },
  { name: 'Unit', description: 'UCUM', priority: 0, cell: ({ unit }) => unit },
  { name: 'Description', description: 'What it counts', priority: 0, cell: (each) => each.description },
  {
    name: 'Groups',
    description: 'What it can be told apart by',
    priority: 1,
    cell: (recipe) => Object.keys(dimensionsOf(recipe)).join(','),
  },
];

interface TableOptions<T> {
  readonly columns: readonly Column<T>[];
  readonly metadataOf: (of: T) => object;
  readonly objectOf: (of: T) => object;
  readonly include: IncludeObject;
}

function table<T>(rows: readonly T[], { columns, metadataOf, objectOf, include }: TableOptions<T>): object {
  const included = (row: T): object | null =>
    rowObject({ metadata: metadataOf(row), whole: () => objectOf(row) }, include);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {},
    columnDefinitions: columns.map(({ name: title, format = '', description, priority }) => ({
      ...{ name: title, type: 'string', format },
      ...{ description, priority },
    })),
    rows: rows.map((row) => ({ cells: columns.map(({ cell }) => cell(row)), object: included(row) })),
  };
}

export function usageTable(
  plural: UsagePlural,
  objects: readonly UsageObject[],
  include: IncludeObject,
): object {
  return table(objects, {
    ...{ columns: usageColumns[plural], include },
    metadataOf: ({ metadata }) => metadata,
    objectOf: (object) => object,
  });
}

export function catalogueTable(
  recipes: readonly Recipe[],
  objectOf: (recipe: Recipe) => object,
  include: IncludeObject,
): object {
  return table(recipes, {
    columns: catalogueColumns,
    include,
    metadataOf: ({ id }) => ({ name: id }),
    objectOf,
  });
}
