/** The OpenAPI v3 document of figures: `kubectl explain` reads it. Pure, and the same for everybody. */
import { metricsGroupVersion, recordsVersion } from '../../contract/index.ts';
import { usageKinds } from '../figures/usage.ts';
import { metricsBase, metricsGroup, seriesScopes } from './metrics-group.ts';

const prefix = 'dev.apoxy.clrk.metrics.v1alpha1';
const extension = 'x-kubernetes-group-version-kind';
const kindOf = (kind: string): object => ({ group: metricsGroup, version: recordsVersion, kind });
const reference = (kind: string): object => ({ $ref: `#/components/schemas/${prefix}.${kind}` });

const text = (description: string): object => ({ type: 'string', description });
const textMap = (description: string): object => ({
  type: 'object',
  description,
  additionalProperties: { type: 'string' },
});
const texts = (description: string): object => ({ type: 'array', description, items: { type: 'string' } });
const listing = (description: string, properties: object): object => ({
  type: 'array',
  description,
  items: { type: 'object', properties },
});
const type = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } };

const usage = textMap('Figures by name, as quantities; one that is not known is absent.');

function object(kind: string, description: string, properties: object): readonly [string, object] {
  const schema = { type: 'object', description, properties: { ...type, ...properties } };
  return [`${prefix}.${kind}`, { ...schema, [extension]: [kindOf(kind)] }];
}

function usageSchema(kind: string): readonly [string, object] {
  const routes = listing('What each route opened, those that opened something.', {
    ...{ kind: text('Kind of the route.'), namespace: text('Its namespace.'), name: text('Its name.') },
    usage,
  });
  return object(kind, 'Figures of the last day, made of records when they are asked for.', {
    timestamp: text('When they were made.'),
    window: text('Of how long, up to then.'),
    usage,
    ...(kind === 'EgressGatewayMetrics' ? { routes } : {}),
  });
}

const seriesSchema = object('MetricSeries', 'One metric over time.', {
  metric: text('Id of the metric.'),
  type: text('Counter or Histogram.'),
  unit: text('UCUM.'),
  since: text('Where the first step begins.'),
  until: text('Where the last step ends.'),
  step: text('How long a step is.'),
  truncated: { type: 'boolean', description: 'There are more series; these are the 50 largest.' },
  series: listing('A series each combination of labels.', {
    labels: textMap('By what it was grouped.'),
    points: listing('A point each step in which something was recorded.', {
      time: text('Where the step begins.'),
      value: text('Of a counter: the sum.'),
      count: text('Of a histogram: of how many.'),
      quantiles: textMap('Of a histogram: values by quantile.'),
    }),
  }),
});

const metric = object('Metric', 'A metric of the catalogue.', {
  description: text('What it counts.'),
  type: text('Counter or Histogram.'),
  unit: text('UCUM.'),
  groupBy: texts('What it can be told apart by.'),
  scopes: texts('Kinds it can be asked for of one object.'),
});

function listSchema(kind: string): readonly [string, object] {
  return object(`${kind}List`, `A list of ${kind}.`, { items: { type: 'array', items: reference(kind) } });
}

function parameter(name: string, place: 'path' | 'query'): object {
  return { name, in: place, required: place === 'path', schema: { type: 'string' } };
}

function read(action: 'get' | 'list', kind: string, parameters: readonly object[]): object {
  const schema = reference(action === 'list' ? `${kind}List` : kind);
  const responses = { '200': { description: 'OK', content: { 'application/json': { schema } } } };
  return { parameters, get: { responses, 'x-kubernetes-action': action, [extension]: kindOf(kind) } };
}

const ofSeries = ['groupBy', 'since', 'until', 'step', 'quantiles'].map((name) => parameter(name, 'query'));
const ofFleet = ['scopeKind', 'scopeNamespace', 'scopeName'].map((name) => parameter(name, 'query'));
const name = parameter('name', 'path');
const namespace = parameter('namespace', 'path');

const usagePaths = Object.entries(usageKinds).flatMap(([plural, kind]): Array<[string, object]> => {
  const base = `${metricsBase}/namespaces/{namespace}/${plural}`;
  const series = read('get', 'MetricSeries', [namespace, name, parameter('metric', 'query'), ...ofSeries]);
  return [
    [`${metricsBase}/${plural}`, read('list', kind, [])],
    [base, read('list', kind, [namespace])],
    [`${base}/{name}`, read('get', kind, [namespace, name])],
    ...(plural in seriesScopes ? ([[`${base}/{name}/series`, series]] as Array<[string, object]>) : []),
  ];
});

const kinds = Object.values(usageKinds);

export const metricsOpenApi: object = {
  openapi: '3.0.0',
  info: { title: 'CLRK figures', version: recordsVersion },
  paths: {
    [`${metricsBase}/metrics`]: read('list', 'Metric', []),
    [`${metricsBase}/metrics/{name}`]: read('get', 'Metric', [name]),
    [`${metricsBase}/metrics/{name}/series`]: read('get', 'MetricSeries', [name, ...ofFleet, ...ofSeries]),
    ...Object.fromEntries(usagePaths),
  },
  components: {
    schemas: Object.fromEntries([
      ...[seriesSchema, metric, listSchema('Metric')],
      ...kinds.map(usageSchema),
      ...kinds.map(listSchema),
    ]),
  },
};

export const metricsOpenApiPath = `apis/${metricsGroupVersion}`;
