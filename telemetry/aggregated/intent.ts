/**
 * Method and path as what is asked for: which document, or which verb of which resource. Pure, total and linear. It comes
 * before anybody is asked for rights, so it reads no query but `watch`; whatever it does not know is no path of ours (404).
 * Nothing is unescaped: no name in a path needs it, so an escape is a way round something.
 */
import { ClrkError } from '../../contract/index.ts';
import {
  agentPlurals,
  group,
  invokeSubresource,
  recordSubresources,
  served,
  version,
  type RecordSubresource,
  type Verb,
} from './group.ts';
import { metricsBase, metricsGroup } from './metrics-group.ts';
import { parseMetricsIntent, type MetricsIntent } from './metrics-intent.ts';

/** What rights are asked for. */
export interface Attributes {
  /** Absent: that of records. */
  readonly group?: string;
  readonly verb: Verb;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export type Document =
  | 'health'
  | 'groups'
  | 'group'
  | 'resources'
  | 'openapi'
  | 'openapi-group'
  | 'metrics-group'
  | 'metrics-resources'
  | 'openapi-metrics';

export type Intent =
  | MetricsIntent
  | { readonly what: 'document'; readonly document: Document }
  | {
      readonly what: 'invocations';
      readonly attributes: Attributes;
      /** Of a list or watch: absent means of all. */
      readonly namespace?: string;
      readonly name?: string;
    }
  | {
      readonly what: 'records';
      readonly attributes: Attributes;
      readonly namespace: string;
      readonly plural: string;
      readonly agent: string;
      readonly records: RecordSubresource;
    }
  | {
      readonly what: 'invoke';
      readonly attributes: Attributes;
      readonly namespace: string;
      readonly agent: string;
      /** As the agent sees it. */
      readonly path: string;
    };

const documents: Readonly<Record<string, Document>> = {
  '/healthz': 'health',
  '/livez': 'health',
  '/readyz': 'health',
  '/apis': 'groups',
  [`/apis/${group}`]: 'group',
  [`/apis/${group}/${version}`]: 'resources',
  '/openapi/v3': 'openapi',
  [`/openapi/v3/apis/${group}/${version}`]: 'openapi-group',
  [`/apis/${metricsGroup}`]: 'metrics-group',
  [metricsBase]: 'metrics-resources',
  [`/openapi/v3${metricsBase}`]: 'openapi-metrics',
};

const maxUrlChars = 16 * 1024;
const base = `/apis/${group}/${version}`;
// RFC 1123 label (namespaces) and subdomain (object names).
const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const subdomain = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const literal = base.replaceAll('.', '\\.');
const invocationsPath = new RegExp(`^${literal}/namespaces/(${label})/invocations(?:/(${subdomain}))?$`);
const agentPath = new RegExp(
  `^${literal}/namespaces/(${label})/(${Object.keys(agentPlurals).join('|')})/(${subdomain})/([a-z]{1,32})(/.*)?$`,
);

function noSuchPath(): ClrkError {
  return new ClrkError('NOT_FOUND', 'the server could not find the requested resource');
}

function requireMethod(method: string, wanted: string): void {
  if (method === wanted) return;
  throw new ClrkError(
    'METHOD_NOT_ALLOWED',
    'records are written by the platform alone: the server does not allow this method on the requested resource',
  );
}

function isWatch(query: URLSearchParams): boolean {
  const given = query.get('watch');
  return given !== null && !['false', '0'].includes(given);
}

function invocationsIntent(
  method: string,
  query: URLSearchParams,
  place: { readonly namespace?: string; readonly name?: string },
): Intent {
  requireMethod(method, 'GET');
  const verb = place.name !== undefined ? 'get' : isWatch(query) ? 'watch' : 'list';
  return { what: 'invocations', attributes: { verb, resource: 'invocations', ...place }, ...place };
}

function recordsIntent(method: string, place: AgentPlace): Intent | undefined {
  const { namespace, plural, agent, subresource, rest } = place;
  const records = recordSubresources.find((each) => each === subresource);
  if (records === undefined || rest !== '') return undefined;
  requireMethod(method, 'GET');
  const attributes = { verb: 'get', resource: plural, subresource, namespace, name: agent } as const;
  return { what: 'records', attributes, namespace, plural, agent, records };
}

function invokeIntent(method: string, place: AgentPlace, search: string): Intent | undefined {
  const { namespace, plural, agent, subresource, rest } = place;
  if (!served.some(({ name }) => name === `${plural}/${subresource}`)) return undefined;
  requireMethod(method, 'POST');
  const attributes = { verb: 'create', resource: plural, subresource, namespace, name: agent } as const;
  return { what: 'invoke', attributes, namespace, agent, path: `${rest === '' ? '/' : rest}${search}` };
}

interface AgentPlace {
  readonly namespace: string;
  readonly plural: string;
  readonly agent: string;
  readonly subresource: string;
  /** With its slash; empty: nothing behind it. */
  readonly rest: string;
}

function agentPlace(path: string): AgentPlace | undefined {
  const match = agentPath.exec(path);
  if (match === null) return undefined;
  const [, namespace = '', plural = '', agent = '', subresource = '', rest = ''] = match;
  return { namespace, plural, agent, subresource, rest };
}

function invocationsPlace(path: string): { readonly namespace?: string; readonly name?: string } | undefined {
  const match = invocationsPath.exec(path);
  if (match === null) return undefined;
  const [, namespace, name] = match;
  return { ...(namespace === undefined ? {} : { namespace }), ...(name === undefined ? {} : { name }) };
}

function resourceIntent(method: string, path: string, search: string): Intent | undefined {
  const place = path === `${base}/invocations` ? {} : invocationsPlace(path);
  if (place !== undefined) return invocationsIntent(method, new URLSearchParams(search), place);
  const agent = agentPlace(path);
  if (agent === undefined) return undefined;
  const isInvoke = agent.subresource === invokeSubresource;
  return isInvoke ? invokeIntent(method, agent, search) : recordsIntent(method, agent);
}

/** Where the path ends. */
export function splitUrl(url: string): { readonly path: string; readonly search: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, search: '' } : { path: url.slice(0, at), search: url.slice(at) };
}

/** Throws NOT_FOUND, METHOD_NOT_ALLOWED or BAD_REQUEST. */
export function parseIntent(method: string, url: string): Intent {
  if (url.length > maxUrlChars) throw new ClrkError('BAD_REQUEST', 'the URL is too long');
  const { path, search } = splitUrl(url);
  const document = Object.hasOwn(documents, path) ? documents[path] : undefined;
  if (document !== undefined) {
    requireMethod(method, 'GET');
    return { what: 'document', document };
  }
  const intent = parseMetricsIntent(method, path) ?? resourceIntent(method, path, search);
  if (intent === undefined) throw noSuchPath();
  return intent;
}
