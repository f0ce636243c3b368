/** Figures as HTTP answers: the catalogue, the last day's, series. Who may ask was settled before. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { agentKinds, ClrkError, metricsGroupVersion } from '../../contract/index.ts';
import { catalogue, dimensionsOf, sources, type Recipe, type ScopeKind } from '../figures/recipe.ts';
import { parseSeriesRequest, type FigureScope } from '../figures/series-options.ts';
import { readSeries } from '../figures/series.ts';
import { maxRoutes, maxUsageObjects, readUsage, usageKinds, type UsageObject } from '../figures/usage.ts';
import type { Store } from '../store/store.ts';
import { parseAccept, type Form } from './accept.ts';
import { includeOf, sendJson } from './invocation-answer.ts';
import { checkParameters } from './list-options.ts';
import { metricsGroup, seriesScopes } from './metrics-group.ts';
import type { MetricsIntent } from './metrics-intent.ts';
import { catalogueTable, usageTable } from './metrics-table.ts';

interface Asked {
  readonly store: Pick<Store, 'query'>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
}

const ofReads = ['resourceVersion', 'resourceVersionMatch', 'pretty', 'includeObject'];
/** A list is never long: `limit` cuts nothing, and there is nothing to continue. */
const ofLists = [...ofReads, 'limit', 'fieldSelector', 'labelSelector', 'watch', 'timeoutSeconds'];

function checkList(query: URLSearchParams): void {
  checkParameters(query, ofLists);
  const isSet = (key: string): boolean => !['', 'false', '0'].includes(query.get(key) ?? '');
  if (isSet('watch')) throw new ClrkError('METHOD_NOT_ALLOWED', 'figures are not watched: ask again');
  for (const key of ['fieldSelector', 'labelSelector']) {
    if (isSet(key)) throw new ClrkError('BAD_REQUEST', 'figures are selected by name and namespace alone');
  }
}

function metadataOf(object: { readonly metadata: object }): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function listObject(kind: string, items: ReadonlyArray<{ readonly metadata: object }>, form: Form): object {
  if (form === 'metadata') {
    const of = { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' };
    return { ...of, metadata: {}, items: items.map(metadataOf) };
  }
  return { kind: `${kind}List`, apiVersion: metricsGroupVersion, metadata: {}, items };
}

interface MetricObject {
  readonly metadata: { readonly name: string };
}

function metricObject(recipe: Recipe): MetricObject {
  const { id, description, type, unit, source } = recipe;
  return {
    ...{ apiVersion: metricsGroupVersion, kind: 'Metric' },
    metadata: { name: id },
    ...{ description, type, unit },
    groupBy: Object.keys(dimensionsOf(recipe)),
    scopes: sources[source].scopes,
  } as MetricObject;
}

function answerCatalogue({ request, response, query }: Asked, name: string | undefined): void {
  const form = parseAccept(request.headers.accept);
  if (name === undefined) checkList(query);
  else checkParameters(query, ofReads);
  const found = catalogue.filter(({ id }) => name === undefined || id === name);
  if (found.length === 0) throw notFound('metrics', name ?? '');
  const objects = found.map(metricObject);
  if (form === 'table') return sendJson(response, 200, catalogueTable(found, metricObject, includeOf(query)));
  const [first] = objects;
  if (name === undefined || first === undefined) {
    return sendJson(response, 200, listObject('Metric', objects, form));
  }
  sendJson(response, 200, form === 'metadata' ? metadataOf(first) : first);
}

function notFound(plural: string, name: string): ClrkError {
  return new ClrkError('NOT_FOUND', `${plural}.${metricsGroup} "${name.slice(0, 64)}" not found`);
}

const cutWarning = `299 - "not all is here: of objects the first ${maxUsageObjects} by name, of routes the first ${maxRoutes}; ask in a namespace"`;

async function answerUsage(asked: Asked, intent: Extract<MetricsIntent, { what: 'usage' }>): Promise<void> {
  const { store, request, response, query } = asked;
  const { plural, namespace, name } = intent;
  const form = parseAccept(request.headers.accept);
  const include = includeOf(query);
  if (name === undefined) checkList(query);
  else checkParameters(query, ofReads);
  const whose = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
  const { objects, isCut } = await readUsage(store, plural, { ...whose, nowMs: Date.now() });
  if (name !== undefined && objects.length === 0) throw notFound(plural, name);
  sendJson(response, 200, render(intent, objects, { form, include }), isCut ? { warning: cutWarning } : {});
}

function render(
  { plural, name }: Extract<MetricsIntent, { what: 'usage' }>,
  objects: readonly UsageObject[],
  { form, include }: { readonly form: Form; readonly include: ReturnType<typeof includeOf> },
): object {
  if (form === 'table') return usageTable(plural, objects, include);
  const [first] = objects;
  if (name === undefined || first === undefined) return listObject(usageKinds[plural], objects, form);
  return form === 'metadata' ? metadataOf(first) : first;
}

/** Whose, of a series of the fleet: all three of them or none. */
function fleetScope(query: URLSearchParams): FigureScope | undefined {
  const of = (key: string): string | undefined => query.get(key) ?? undefined;
  const [kind, namespace, name] = [of('scopeKind'), of('scopeNamespace'), of('scopeName')];
  if (kind === undefined && namespace === undefined && name === undefined) return undefined;
  const kinds: readonly string[] = [...agentKinds, 'EgressGateway'];
  if (kind === undefined || !kinds.includes(kind) || namespace === undefined || name === undefined) {
    throw new ClrkError(
      'BAD_REQUEST',
      `scopeKind (${kinds.join(', ')}), scopeNamespace and scopeName go together`,
    );
  }
  return { kind: kind as ScopeKind, namespace, name };
}

async function answerSeries(
  { store, request, response, query }: Asked,
  intent: Extract<MetricsIntent, { what: 'series' | 'fleet-series' }>,
): Promise<void> {
  parseAccept(request.headers.accept);
  const nowMs = Date.now();
  if (intent.what === 'fleet-series') {
    const scope = fleetScope(query);
    const of = { metric: intent.metric, nowMs, ...(scope === undefined ? {} : { scope }) };
    const more = ['scopeKind', 'scopeNamespace', 'scopeName'];
    return sendJson(response, 200, await readSeries(store, parseSeriesRequest(query, of, more)));
  }
  const { plural, namespace, name } = intent;
  const kind = seriesScopes[plural];
  if (kind === undefined) throw notFound(`${plural}/series`, name);
  const of = { metric: query.get('metric') ?? '', nowMs, scope: { kind, namespace, name } };
  sendJson(response, 200, await readSeries(store, parseSeriesRequest(query, of, ['metric'])));
}

export async function answerMetrics(asked: Asked, intent: MetricsIntent): Promise<void> {
  switch (intent.what) {
    case 'catalogue':
      return answerCatalogue(asked, intent.name);
    case 'usage':
      return await answerUsage(asked, intent);
    case 'series':
    case 'fleet-series':
      return await answerSeries(asked, intent);
    default:
      return intent satisfies never;
  }
}
