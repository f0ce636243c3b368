/**
 * Paths of the API of figures as what is asked for. Pure, total and linear; as for records, no query is read before rights are
 * asked for, and nothing is unescaped.
 */
import { ClrkError } from '../../contract/index.ts';
import { usageKinds, type UsagePlural } from '../figures/usage.ts';
import type { Attributes } from './intent.ts';
import { metricsBase, metricsGroup, seriesScopes } from './metrics-group.ts';

export type MetricsIntent =
  | { readonly what: 'catalogue'; readonly attributes: Attributes; readonly name?: string }
  | {
      readonly what: 'usage';
      readonly attributes: Attributes;
      readonly plural: UsagePlural;
      readonly namespace?: string;
      readonly name?: string;
    }
  /** Of one agent or gateway. */
  | {
      readonly what: 'series';
      readonly attributes: Attributes;
      readonly plural: UsagePlural;
      readonly namespace: string;
      readonly name: string;
    }
  /** Of everybody. */
  | { readonly what: 'fleet-series'; readonly attributes: Attributes; readonly metric: string };

const literal = metricsBase.replaceAll('.', '\\.');
const plurals = Object.keys(usageKinds).join('|');
const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const subdomain = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const metric = '[a-z][a-z_.]{0,62}';
const cataloguePath = new RegExp(`^${literal}/metrics(?:/(${metric})(/series)?)?$`);
const everywherePath = new RegExp(`^${literal}/(${plurals})$`);
const usagePath = new RegExp(`^${literal}/namespaces/(${label})/(${plurals})(?:/(${subdomain})(/series)?)?$`);

function catalogueIntent([, name, series]: RegExpExecArray): MetricsIntent {
  const asked = { group: metricsGroup, resource: 'metrics' } as const;
  if (name === undefined) return { what: 'catalogue', attributes: { ...asked, verb: 'list' } };
  const attributes = { ...asked, verb: 'get', name } as const;
  if (series === undefined) return { what: 'catalogue', attributes, name };
  return { what: 'fleet-series', attributes: { ...attributes, subresource: 'series' }, metric: name };
}

function usageIntent([, namespace = '', plural = '', name, series]: RegExpExecArray):
  MetricsIntent | undefined {
  const of = plural as UsagePlural;
  const asked = { group: metricsGroup, resource: plural, namespace } as const;
  if (name === undefined) {
    return { what: 'usage', attributes: { ...asked, verb: 'list' }, plural: of, namespace };
  }
  const attributes = { ...asked, verb: 'get', name } as const;
  if (series === undefined) return { what: 'usage', attributes, plural: of, namespace, name };
  if (seriesScopes[of] === undefined) return undefined;
  return {
    what: 'series',
    attributes: { ...attributes, subresource: 'series' },
    plural: of,
    namespace,
    name,
  };
}

function pathIntent(path: string): MetricsIntent | undefined {
  const catalogue = cataloguePath.exec(path);
  if (catalogue !== null) return catalogueIntent(catalogue);
  const usage = usagePath.exec(path);
  if (usage !== null) return usageIntent(usage);
  const everywhere = everywherePath.exec(path);
  if (everywhere === null) return undefined;
  const plural = everywhere[1] as UsagePlural;
  return {
    what: 'usage',
    attributes: { group: metricsGroup, resource: plural, verb: 'list' },
    plural,
  };
}

/** Undefined: no path of figures. Throws METHOD_NOT_ALLOWED. */
export function parseMetricsIntent(method: string, path: string): MetricsIntent | undefined {
  const intent = pathIntent(path);
  if (intent === undefined || method === 'GET') return intent;
  throw new ClrkError('METHOD_NOT_ALLOWED', 'figures are made of records: there is nothing to write');
}
