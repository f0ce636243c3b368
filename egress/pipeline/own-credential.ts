/**
 * An agent's own credentials in a request: header fields, cookies and query parameters that bear one, in every spelling a
 * server might accept. Where the gateway puts a secret, they all go (S42, S56): the call speaks for the policy's owner alone.
 */
import { parseQueryNames, rootOf, spelling, type Injection } from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import type { AgentRequest } from './identify.ts';

/** Where the providers' SDKs, gateways and common servers look for keys; a cookie is a session of somebody's own. */
const authFields: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'authentication',
  'x-authorization',
  'x-api-key',
  'api-key',
  'apikey',
  'x-apikey',
  'x-goog-api-key',
  'x-goog-iam-authorization-token',
  'x-amz-security-token',
  'x-amz-date',
  'x-amz-content-sha256',
  'x-auth-token',
  'x-auth-key',
  'x-access-token',
  'x-session-token',
  'x-csrf-token',
  'ocp-apim-subscription-key',
  'private-token',
  'job-token',
  'x-github-token',
  'x-gitlab-token',
  'x-vault-token',
  'cookie',
  'cookie2',
]);
const authParameters: ReadonlySet<string> = new Set([
  'key',
  'api-key',
  'apikey',
  'access-token',
  'oauth-token',
  'auth',
  'auth-token',
  'authorization',
  'token',
  'subscription-key',
  'private-token',
  'client-secret',
  'x-api-key',
  'x-goog-api-key',
  'x-amz-credential',
  'x-amz-signature',
  'x-amz-security-token',
]);
/** What an agent's SDK is told to use as a key where the gateway has the real one. */
const placeholders: ReadonlySet<string> = new Set(['', 'placeholder']);

/** The name of a field as such a server reads it. */
export function spokenName({ name }: Pick<Field, 'name'>): string {
  return name.includes('_') ? spelling(name) : name;
}

export function isAuthField(field: Pick<Field, 'name'>): boolean {
  return authFields.has(spokenName(field));
}

function isPlaceholder({ value }: Field): boolean {
  return placeholders.has(
    value
      .trim()
      .replace(/^(?:bearer|basic|token)\b/i, '')
      .trim(),
  );
}

/** Does the agent's field go where this is injected: for its name bears a key, or it is one of ours? */
export function isReplacedBy(injection: Injection, field: Field): boolean {
  return isAuthField(field) || injection.fields.some((own) => spokenName(own) === spokenName(field));
}

/** Did the agent send a credential of its own, other than the documented placeholder, where one is injected? */
export function isSmuggled({ fields, queryNames }: AgentRequest, injection: Injection): boolean {
  if (fields.some((field) => isReplacedBy(injection, field) && !isPlaceholder(field))) return true;
  return queryNames.some((name) => isDropped(name, injection));
}

/** Does a query parameter of this name bear a key? */
export function isAuthParameter(name: string): boolean {
  return authParameters.has(rootOf(name));
}

function isDropped(name: string, { query }: Injection): boolean {
  return isAuthParameter(name) || query.some(([own]) => rootOf(own) === rootOf(name));
}

/** The target with the injected parameters and without the agent's own. `query` begins with its question mark or is empty. */
export function withQuery(path: string, query: string, injection: Injection | undefined): string {
  if (injection === undefined || (query === '' && injection.query.length === 0)) return `${path}${query}`;
  const kept = (query === '' ? [] : query.slice(1).split('&')).filter((pair) =>
    parseQueryNames(`?${pair}`).every((name) => !isDropped(name, injection)),
  );
  const added = injection.query.map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  const text = [...kept, ...added].join('&');
  return text === '' ? path : `${path}?${text}`;
}
