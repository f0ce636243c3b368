/** Invocations as an HTTP answer: one, a page or a watch, in the form the client asked for. Who may ask was settled before. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { agentKinds, ClrkError, errorMessage, isInvocationId } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import { writeText } from '../read/answer.ts';
import { listCalls, type KeptCall } from '../read/call-list.ts';
import type { Store } from '../store/store.ts';
import { parseAccept, type Form } from './accept.ts';
import { group, groupVersion } from './group.ts';
import { invocationObject, type InvocationObject } from './invocation-object.ts';
import { listInvocations, maxListed } from './invocation-list.ts';
import { watchInvocations, type WatchEvent } from './invocation-watch.ts';
import { checkParameters, parseListOptions, parseWatchOptions } from './list-options.ts';
import { isTold, statusOf } from './status.ts';
import { metadataOnly, type IncludeObject } from './row-object.ts';
import { listOf, metadataListOf, tableOf } from './table.ts';

export interface InvocationRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** Absent: of all. */
  readonly namespace?: string;
}

export interface AnswerEdge {
  readonly store: Pick<Store, 'query'>;
  readonly log: Log;
  readonly pollMs?: number;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-cache, private',
    ...headers,
  });
  response.end(bytes);
}

export function includeOf(query: URLSearchParams): IncludeObject {
  const text = query.get('includeObject') ?? '';
  if (text === '' || text === 'Metadata') return 'Metadata';
  if (text === 'None' || text === 'Object') return text;
  throw new ClrkError('BAD_REQUEST', 'includeObject must be None, Metadata or Object');
}

function objectsOf(calls: readonly KeptCall[]): readonly InvocationObject[] {
  return calls.map(({ object, ingestId }) => invocationObject(object, ingestId));
}

function renderOne(object: InvocationObject, form: Form, include: IncludeObject): object {
  if (form === 'metadata') return metadataOnly(object.metadata);
  if (form === 'object') return object;
  const { resourceVersion } = object.metadata;
  return tableOf([object], { metadata: { resourceVersion }, include, now: new Date() });
}

function renderMany(
  objects: readonly InvocationObject[],
  metadata: object,
  form: Form,
  include: IncludeObject,
): object {
  if (form === 'metadata') return metadataListOf(objects, metadata);
  if (form === 'object') return listOf(objects, metadata);
  return tableOf(objects, { metadata, include, now: new Date() });
}

export async function answerOne(
  { store }: AnswerEdge,
  { request, response, query, namespace = '' }: InvocationRequest,
  id: string,
): Promise<void> {
  const form = parseAccept(request.headers.accept);
  checkParameters(query, ['resourceVersion', 'pretty', 'includeObject']);
  const scope = { namespace, kinds: agentKinds, id };
  // The newest, should the same id name a call of two agents.
  const page = isInvocationId(id)
    ? await listCalls(store, { scope, phases: [], range: {}, limit: 1 })
    : { calls: [] };
  const [object] = objectsOf(page.calls);
  if (object === undefined)
    throw new ClrkError('NOT_FOUND', `invocations.${group} "${id.slice(0, 64)}" not found`);
  sendJson(response, 200, renderOne(object, form, includeOf(query)));
}

const cutWarning = `299 - "the newest ${maxListed} invocations are listed, there are more: use --field-selector until=TIME, since=TIME, spec.parentRef.name=AGENT or status.phase=PHASE"`;

export async function answerList(
  { store }: AnswerEdge,
  { request, response, query, namespace }: InvocationRequest,
): Promise<void> {
  const form = parseAccept(request.headers.accept);
  const options = parseListOptions(query, Date.now());
  const include = includeOf(query);
  const page = await listInvocations(store, namespace, options);
  const metadata = {
    resourceVersion: page.version,
    ...(page.continue === undefined ? {} : { continue: page.continue }),
  };
  const warning = page.isCut ? { warning: cutWarning } : {};
  sendJson(response, 200, renderMany(objectsOf(page.calls), metadata, form, include), warning);
}

function bookmark(version: string, isInitialEnd: boolean, form: Form): object {
  const annotations = isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: version, ...annotations };
  if (form === 'object') return { apiVersion: groupVersion, kind: 'Invocation', metadata };
  if (form === 'metadata') return { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata };
  return tableOf([], { metadata, include: 'None', now: new Date() });
}

function renderEvent(event: WatchEvent, form: Form, include: IncludeObject): object {
  if (event.type === 'BOOKMARK') {
    return { type: event.type, object: bookmark(event.version, event.isInitialEnd, form) };
  }
  const { object, ingestId } = event.call;
  return { type: event.type, object: renderOne(invocationObject(object, ingestId), form, include) };
}

/** Until `signal`, the time the client asked for, or its end. What fails once it began is told as an event. */
export async function answerWatch(
  { store, log, pollMs }: AnswerEdge,
  { request, response, query, namespace }: InvocationRequest,
  signal: AbortSignal,
): Promise<void> {
  const form = parseAccept(request.headers.accept);
  const options = parseWatchOptions(query, Date.now());
  const include = includeOf(query);
  const until = AbortSignal.any([signal, AbortSignal.timeout(options.forMs)]);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  try {
    const place = namespace === undefined ? {} : { namespace };
    const pace = pollMs === undefined ? {} : { pollMs };
    for await (const event of watchInvocations({ store, options, signal: until, ...place, ...pace })) {
      await writeText(response, `${JSON.stringify(renderEvent(event, form, include))}\n`);
      if (response.destroyed) return;
    }
  } catch (thrown) {
    // The process ends, and its store with it: the client comes again.
    if (signal.aborted) return void response.end();
    if (!isTold(thrown)) log.error({ reason: errorMessage(thrown).slice(0, 300) }, 'a watch failed');
    await writeText(response, `${JSON.stringify({ type: 'ERROR', object: statusOf(thrown) })}\n`);
  }
  response.end();
}
