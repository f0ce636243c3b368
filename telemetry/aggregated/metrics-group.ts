/**
 * What the API of figures serves, as data: the kinds of the original, the catalogue, and series of each. Discovery, paths and
 * rights are read off these lines. Nothing here is stored or watched: figures are made when they are asked for.
 */
import { metricsGroup, recordsVersion } from '../../contract/index.ts';
import type { ScopeKind } from '../figures/recipe.ts';
import { usageKinds, type UsagePlural } from '../figures/usage.ts';
import type { ServedResource } from './group.ts';

export { metricsGroup };
export const metricsBase = `/apis/${metricsGroup}/${recordsVersion}`;

/** Whose series there are. */
export const seriesScopes: Readonly<Partial<Record<UsagePlural, ScopeKind>>> = {
  taskagentmetrics: 'TaskAgent',
  daemonagentmetrics: 'DaemonAgent',
  egressgatewaymetrics: 'EgressGateway',
};

const read = ['get', 'list'] as const;
const get = ['get'] as const;

export const metricsServed: readonly ServedResource[] = [
  { name: 'metrics', kind: 'Metric', singular: 'metric', verbs: read, namespaced: false },
  { name: 'metrics/series', kind: 'MetricSeries', singular: '', verbs: get, namespaced: false },
  ...Object.entries(usageKinds).map(([name, kind]) => ({ name, kind, singular: name, verbs: read })),
  ...Object.keys(seriesScopes).map((plural) => ({
    name: `${plural}/series`,
    kind: 'MetricSeries',
    singular: '',
    verbs: get,
  })),
];
