/**
 * Stage 5: the request as it goes out. Pure. Hop-by-hop fields and everything of the platform's own are dropped, the
 * authority is that of the target, and with a credential on board the answer must come uncompressed, so that an
 * echo of the secret can be found (S37).
 */
import { createField, listMembers, type Field } from '../http1/index.ts';
import type { Call } from './call.ts';
import { applyQuery, authFieldNames, type Injection } from './credential.ts';
import type { Route } from './route.ts';

export interface UpstreamRequest {
  readonly method: string;
  readonly target: string;
  /** Value of Host and :authority. */
  readonly authority: string;
  /** End-to-end fields without Host and framing. */
  readonly fields: readonly Field[];
  readonly upgrade: 'websocket' | undefined;
}

/** RFC 9110 7.6.1 and what proxies must not pass on; framing is written by the encoder. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'content-length',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
]);
// Ways to make a server see another method or path than the one judged (S33).
const overrides = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
]);

function isEndToEnd({ name, value }: Field): boolean {
  // HTTP/2 carries this one member end to end, and gRPC servers insist on it (RFC 9113 8.2.2).
  if (name === 'te') return value.toLowerCase() === 'trailers';
  return !hopByHop.has(name) && !overrides.has(name) && !name.startsWith('x-clrk-');
}

/** End-to-end fields of a message; also used for responses. */
export function endToEnd(fields: readonly Field[]): Field[] {
  return fields.filter(isEndToEnd);
}

/** Trailers that may not decide about the message (RFC 9110 6.5.1). */
export function safeTrailers(fields: readonly Field[]): Field[] {
  return endToEnd(fields).filter(
    ({ name }) =>
      !authFieldNames.includes(name) &&
      !/^(?:content-|set-cookie|cache-control|location|range|vary)/.test(name),
  );
}

export function isWebSocket(call: Call): boolean {
  return (
    call.method === 'GET' &&
    listMembers(call.fields, 'connection').includes('upgrade') &&
    listMembers(call.fields, 'upgrade').join() === 'websocket'
  );
}

export function renderAuthority(route: Route): string {
  const { hostname, ip, port, tls } = route.target;
  const host = hostname ?? (ip?.includes(':') === true ? `[${ip}]` : (ip ?? ''));
  return port === (tls ? 443 : 80) ? host : `${host}:${port}`;
}

export function adapt(call: Call, route: Route, injection: Injection): UpstreamRequest {
  const upgrade = isWebSocket(call) ? 'websocket' : undefined;
  const injects = injection.policies.length > 0;
  const replaces = ({ name }: Field): boolean =>
    (injects && (name === 'accept-encoding' || authFieldNames.includes(name))) ||
    // Compressed frames could not be inspected (S32).
    (upgrade !== undefined && name === 'sec-websocket-extensions') ||
    injection.fields.some((field) => field.name === name);
  const fields = call.fields.filter((field) => isEndToEnd(field) && !replaces(field));
  if (injects) fields.push(createField('Accept-Encoding', 'identity'));
  fields.push(...injection.fields);
  return {
    method: call.method,
    target: applyQuery(call.target, injection),
    authority: renderAuthority(route),
    fields,
    upgrade,
  };
}
