/**
 * The aggregated API server: who is it, what is asked, may he, the answer. In this order, for every request; all that
 * decides is in the pure files beside it. A watch ends within seconds of the right it was begun with.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import {
  ClrkError,
  errorMessage,
  isRecordableUser,
  maxUserBytes,
  mintVoucher,
} from '../../contract/index.ts';
import type { KubeCaller, Log } from '../../process/index.ts';
import { bearerToken } from '../bearer.ts';
import { answerFollower, answerPage, untilClosed } from '../read/answer.ts';
import { parseReadRequest } from '../read/read-request.ts';
import { ReadTurns } from '../read/read-turns.ts';
import type { Store } from '../store/store.ts';
import { Delegation, forbidden } from './delegation.ts';
import {
  groupDocument,
  groupsDocument,
  metricsGroupDocument,
  metricsResourcesDocument,
  resourcesDocument,
} from './discovery.ts';
import { FrontProxy } from './front-proxy.ts';
import { parseIntent, splitUrl, type Attributes, type Document, type Intent } from './intent.ts';
import { answerList, answerOne, answerWatch, sendJson, type InvocationRequest } from './invocation-answer.ts';
import { forwardInvoke, invocationIdOf } from './invoke.ts';
import { answerMetrics } from './metrics-answer.ts';
import { metricsOpenApi } from './metrics-openapi.ts';
import { openApiDocument, openApiGroupDocument } from './openapi.ts';
import { peerOf } from './peer-certificate.ts';
import { userOfFrontProxy, type Peer, type User } from './request-header.ts';
import { isTold, statusOf } from './status.ts';
import {
  callLimits,
  readLimits,
  watcherLimits,
  WatcherShare,
  type Watcher,
  type WatcherLimits,
} from '../read/watcher-share.ts';

export interface AggregatedOptions {
  readonly store: Pick<Store, 'query'>;
  /** Shared by all doors to the store; absent: this one has its own. */
  readonly turns?: ReadTurns;
  /** The cluster, as this role's ServiceAccount. */
  readonly call: KubeCaller;
  readonly ingressUrl: string;
  /** With it the ingress is told who calls; absent or undefined: it is not. */
  readonly voucherKey?: () => Uint8Array | undefined;
  readonly log: Log;
  /** Ends every watch. */
  readonly signal: AbortSignal;
  readonly pollMs?: number;
  /** How often the right of a watcher is asked for again. */
  readonly recheckMs?: number;
  readonly watcherLimits?: WatcherLimits;
}

const defaultRecheckMs = 30_000;
const maxFollowMs = 60 * 60 * 1000;

const documents: Readonly<Record<Exclude<Document, 'health'>, object>> = {
  groups: groupsDocument,
  group: groupDocument,
  resources: resourcesDocument,
  openapi: openApiDocument,
  'openapi-group': openApiGroupDocument,
  'metrics-group': metricsGroupDocument,
  'metrics-resources': metricsResourcesDocument,
  'openapi-metrics': metricsOpenApi,
};

function watcherOf({ name }: User, { namespace }: Attributes): Watcher {
  return { user: name, ...(namespace === undefined ? {} : { namespace }) };
}

class AggregatedHandler {
  readonly #options: AggregatedOptions;
  readonly #delegation: Delegation;
  readonly #frontProxy: FrontProxy;
  readonly #watchers: WatcherShare;
  readonly #turns: ReadTurns;
  readonly #reads = new WatcherShare(readLimits, 'read');
  readonly #calls = new WatcherShare(callLimits, 'call');

  constructor(options: AggregatedOptions) {
    this.#options = options;
    this.#turns = options.turns ?? new ReadTurns(options.store);
    this.#delegation = new Delegation(options.call, Date.now);
    this.#frontProxy = new FrontProxy(options.call, options.log);
    this.#watchers = new WatcherShare(options.watcherLimits ?? watcherLimits, 'watch or follow');
    void this.#frontProxy.run(options.signal);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (splitUrl(request.url ?? '').path === '/healthz') return void response.end('ok');
      const user = await this.#authenticate(request);
      const intent = parseIntent(request.method ?? '', request.url ?? '');
      if (intent.what === 'document') return this.#document(intent.document, response);
      await this.#authorize(user, intent.attributes);
      await this.#answer(user, intent, request, response);
    } catch (thrown) {
      this.#fail(response, thrown);
    }
  }

  async #authenticate(request: IncomingMessage): Promise<User> {
    const user = (await this.#frontProxyUser(request)) ?? (await this.#tokenUser(request));
    if (user === undefined) throw new ClrkError('UNAUTHORIZED', 'Unauthorized');
    return user;
  }

  async #frontProxyUser(request: IncomingMessage): Promise<User | undefined> {
    const raw = (request.socket as Partial<TLSSocket>).getPeerCertificate?.()?.raw;
    if (raw === undefined) return undefined;
    const peer = (): Peer => peerOf(raw, this.#frontProxy.config?.caPem ?? '', Date.now());
    // The CA may be a new one since it was read.
    if (!peer().isVerified) await this.#frontProxy.refresh();
    return userOfFrontProxy(this.#frontProxy.config, peer(), request.headersDistinct);
  }

  async #tokenUser({ headers }: IncomingMessage): Promise<User | undefined> {
    const token = bearerToken(headers.authorization);
    return token === undefined ? undefined : await this.#delegation.userOfToken(token);
  }

  async #authorize(user: User, attributes: Attributes): Promise<void> {
    const { allowed, reason } = await this.#delegation.access(user, attributes);
    if (!allowed) throw forbidden(user, attributes, reason);
  }

  #document(document: Document, response: ServerResponse): void {
    if (document === 'health') response.end('ok');
    else sendJson(response, 200, documents[document]);
  }

  async #answer(
    user: User,
    intent: Exclude<Intent, { what: 'document' }>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    // Whoever went while his rights were asked for closes nothing any more: what is taken for him would stay taken.
    if (response.destroyed) return;
    const { search } = splitUrl(request.url ?? '');
    const watcher = watcherOf(user, intent.attributes);
    const edge = { ...this.#options, store: this.#storeOf(watcher, response) };
    const { store } = edge;
    if (intent.what === 'invoke') {
      using place = this.#calls.take(watcher);
      void place;
      const vouched = this.#vouch(user, intent, request);
      const target = { ...intent, ...(vouched === undefined ? {} : { vouched }) };
      return await forwardInvoke(this.#options.ingressUrl, target, request, response);
    }
    if (intent.what === 'records') {
      const { namespace, plural, agent, records } = intent;
      const read = parseReadRequest(`/v1/namespaces/${namespace}/${plural}/${agent}/${records}${search}`);
      if (!('filter' in read) || !read.filter.follow) {
        using place = this.#reads.take(watcher);
        void place;
        return await answerPage(store, read, response);
      }
      return await this.#whileAllowed(user, intent.attributes, response, async (signal) => {
        await answerFollower({ ...edge, signal }, read, response);
      });
    }
    const asked = { request, response, query: new URLSearchParams(search) };
    if (intent.what === 'invocations') return await this.#answerInvocations(user, intent, { ...asked, edge });
    using place = this.#reads.take(watcher);
    void place;
    await answerMetrics({ store, ...asked }, intent);
  }

  /** Whose call it is stands in its record, or it is not made: half a name is another name. */
  #vouch(
    { name: user }: User,
    { namespace, agent }: Extract<Intent, { what: 'invoke' }>,
    request: IncomingMessage,
  ): { readonly id: string; readonly voucher: string } | undefined {
    const key = this.#options.voucherKey?.();
    if (key === undefined) return undefined;
    if (!isRecordableUser(user)) {
      const message = `your user name cannot be recorded: it has more than ${maxUserBytes} bytes, or characters nobody can see`;
      throw new ClrkError('BAD_REQUEST', message);
    }
    const id = invocationIdOf(request.headers);
    return { id, voucher: mintVoucher(key, { namespace, agent, id }, { user, now: Date.now() }) };
  }

  /** In turn with others, and for nobody who went. */
  #storeOf({ user, namespace }: Watcher, response: ServerResponse): Pick<Store, 'query'> {
    return this.#turns.of(namespace === undefined ? `user ${user}` : namespace, untilClosed(response));
  }

  async #answerInvocations(
    user: User,
    { namespace, name, attributes }: Extract<Intent, { what: 'invocations' }>,
    {
      request,
      response,
      query,
      edge,
    }: Omit<InvocationRequest, 'namespace'> & { readonly edge: AggregatedOptions },
  ): Promise<void> {
    const asked = { request, response, query, ...(namespace === undefined ? {} : { namespace }) };
    if (attributes.verb === 'watch') {
      return await this.#whileAllowed(user, attributes, response, async (signal) => {
        await answerWatch(edge, asked, signal);
      });
    }
    using place = this.#reads.take(watcherOf(user, attributes));
    void place;
    if (name === undefined) await answerList(edge, asked);
    else await answerOne(edge, asked, name);
  }

  /** As long as the user is there, and may. */
  async #whileAllowed(
    user: User,
    attributes: Attributes,
    response: ServerResponse,
    run: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    using place = this.#watchers.take(watcherOf(user, attributes));
    void place;
    const over = new AbortController();
    response.once('close', () => over.abort());
    const signal = AbortSignal.any([over.signal, this.#options.signal, AbortSignal.timeout(maxFollowMs)]);
    void this.#recheck(user, attributes, over, signal);
    try {
      await run(signal);
    } finally {
      over.abort();
    }
  }

  async #recheck(
    user: User,
    attributes: Attributes,
    over: AbortController,
    signal: AbortSignal,
  ): Promise<void> {
    const everyMs = this.#options.recheckMs ?? defaultRecheckMs;
    while (!signal.aborted) {
      await delay(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      const allowed = await this.#delegation.access(user, attributes).then(
        (access) => access.allowed,
        // An API server that is away takes no right from who had it; the next question is soon.
        () => true,
      );
      if (!allowed) over.abort();
    }
  }

  #fail(response: ServerResponse, thrown: unknown): void {
    if (!isTold(thrown)) {
      this.#options.log.error(
        { reason: errorMessage(thrown).slice(0, 300) },
        'aggregated API: request failed',
      );
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const status = statusOf(thrown);
    sendJson(response, status.code, status);
  }
}

export function createAggregatedHandler(options: AggregatedOptions): RequestListener {
  const handler = new AggregatedHandler(options);
  return (request, response) => void handler.handle(request, response);
}
