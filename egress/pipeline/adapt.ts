/**
 * The request as it goes out, made once from what was judged. Pure. Hop-by-hop fields and everything of the platform's own are
 * dropped, the authority is that of the target, the agent's own credentials go wherever ours come, and with a secret on board
 * the answer must come uncompressed, so that an echo of it can be found (S37).
 */
import {
  methodOverrides,
  type Candidate,
  type Injection,
  type UpstreamTarget,
} from '../../decision/index.ts';
import { hopByHop, type HeaderEdit } from '../../contract/index.ts';
import { createField, type Field } from '../http1/index.ts';
import type { UpstreamRequest } from '../upstream/exchange-port.ts';
import type { AgentRequest } from './identify.ts';
import { isAuthField, isReplacedBy, spokenName, withQuery } from './own-credential.ts';

/** What the encoder writes, and what is between two connections. */
const framing: ReadonlySet<string> = new Set(['content-length', 'http2-settings', 'expect', 'host']);
/** A field that `connection` names is refused where the call is identified. */
const isHop = hopByHop(undefined);
// Ways to make a server see another method or path than the one judged (S33).
const overrides: ReadonlySet<string> = new Set([
  ...methodOverrides,
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-rewrite-uri',
  'x-forwarded-uri',
  'x-forwarded-prefix',
  'x-http-path-override',
  'x-envoy-original-path',
  'x-accel-redirect',
]);

/** What asks for an answer in which an echo of a secret could not be found: compressed, or cut at the agent's choice (S37). */
const unsearchable = new Set(['accept-encoding', 'range', 'if-range']);

function isEndToEnd(field: Field): boolean {
  const name = spokenName(field);
  return !isHop(name) && !framing.has(name) && !overrides.has(name) && !name.startsWith('x-clrk-');
}

const nothing: ReadonlySet<string> = new Set();

/** End-to-end fields of a message; also used for responses, without those that are `hidden` (names in lower case). */
export function endToEnd(fields: readonly Field[], hidden = nothing): Field[] {
  return fields.filter((field) => isEndToEnd(field) && !hidden.has(spokenName(field)));
}

/** What decides about a message or routes it, and so must be known before its body; none of it is a trailer (RFC 9110 6.5.1). */
const headOnly =
  /^(?:content-|set-cookie|cache-control|pragma|location|range|vary|if-|accept|age$|date$|expires$|max-forwards|retry-after|warning|www-authenticate|x-forwarded|forwarded|x-real-ip)/;

/** Trailers that may not decide about the message. */
export function safeTrailers(fields: readonly Field[], hidden = nothing): Field[] {
  return endToEnd(fields, hidden).filter((field) => !isAuthField(field) && !headOnly.test(spokenName(field)));
}

/** Those of a request that go on: a server that joins them to the head must not find there what the head could not say. */
export function requestTrailers(fields: readonly Field[], injection: Injection | undefined): Field[] {
  return safeTrailers(fields).filter((field) => injection === undefined || !isReplacedBy(injection, field));
}

export function renderAuthority({ hostname, ip, port, tls }: UpstreamTarget): string {
  const host = hostname ?? (ip?.includes(':') === true ? `[${ip}]` : (ip ?? ''));
  return port === (tls ? 443 : 80) ? host : `${host}:${port}`;
}

/** gRPC's servers refuse calls that do not say it (its HTTP/2 mapping); it is the one member of TE that may pass. */
function passesTrailers({ fields }: AgentRequest): Field[] {
  const te = fields.find(({ name }) => name === 'te');
  return te?.value.trim().toLowerCase() === 'trailers' ? [createField('te', 'trailers')] : [];
}

/** Whose account it is at the provider that the agent asked for: nothing to another one. */
const ofAccount: ReadonlySet<string> = new Set(['openai-organization', 'openai-project']);

function ownFields(
  request: AgentRequest,
  { translation }: Candidate,
  isOurs: (field: Field) => boolean,
): Field[] {
  const isReplaced = (field: Field): boolean =>
    isOurs(field) ||
    // Compressed frames could not be inspected (S32).
    (request.upgrade !== undefined && field.name === 'sec-websocket-extensions');
  const isAtHome = (field: Field): boolean => translation === undefined || !ofAccount.has(spokenName(field));
  return request.fields.filter((field) => isEndToEnd(field) && !isReplaced(field) && isAtHome(field));
}

/** As the rule that took the call says. What a key of ours writes is nobody's else to write. */
function edited(
  fields: readonly Field[],
  edit: HeaderEdit | undefined,
  isOurs: (field: Field) => boolean,
): Field[] {
  if (edit === undefined) return [...fields];
  const { set, add, remove } = edit;
  const gone = new Set([...remove, ...set.map(({ name }) => name)].map((name) => name.toLowerCase()));
  const written = [...set, ...add].map(({ name, value }) => createField(name, value));
  return [
    ...fields.filter((field) => !gone.has(spokenName(field))),
    ...written.filter((field) => !isOurs(field)),
  ];
}

export interface Adapting {
  /** In the form it was judged in. */
  readonly path: string;
  /** Its answer is read, so it must come as it is. */
  readonly isRead: boolean;
  /** Of the rule that took the call; undefined: it changes none. */
  readonly edit?: HeaderEdit | undefined;
}

export function adapt(request: AgentRequest, candidate: Candidate, adapting: Adapting): UpstreamRequest {
  const { target, injection } = candidate;
  const isRead = adapting.isRead || injection !== undefined;
  const isOurs = (field: Field): boolean =>
    (isRead && unsearchable.has(spokenName(field))) ||
    (injection !== undefined && isReplacedBy(injection, field));
  const own = edited(ownFields(request, candidate, isOurs), adapting.edit, isOurs);
  const fields = [...own, ...passesTrailers(request)];
  if (isRead) fields.push(createField('Accept-Encoding', 'identity'));
  if (injection !== undefined) fields.push(...injection.fields);
  return {
    method: request.method,
    target: withQuery(adapting.path, request.query, injection),
    authority: renderAuthority(target),
    fields,
    upgrade: request.upgrade === 'websocket' ? 'websocket' : undefined,
  };
}
