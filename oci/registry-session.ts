/**
 * HTTP to one registry: authentication, redirects, retries, time limits. Apart from what is asked (pull, push), because
 * here alone credentials are held: they go to the registry and its token service, never along a redirect to another
 * host, never over plain HTTP unless asked for, never into an error.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ClrkError } from '../contract/index.ts';
import { parseChallenge, tokenUrl } from './auth-challenge.ts';
import { imageError } from './image-error.ts';
import type { RegistryCredentials } from './image.ts';
import { apiHost } from './reference.ts';
import { isRetryableStatus, parseRetryAfterMs, registryRetry, retryDelayMs } from './registry-retry.ts';

export interface RegistrySessionOptions {
  readonly host: string;
  readonly plainHttp?: boolean;
  readonly credentials?: RegistryCredentials;
  readonly fetch?: typeof fetch;
  readonly delay?: (ms: number) => Promise<unknown>;
}

export interface RegistryRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Called for each attempt, because a body is spent by sending it. */
  readonly body?: () => NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** `repository:NAME:pull` or `…:pull,push`. */
  readonly scope: string;
  readonly signal?: AbortSignal;
  /** Until the response's head. Default 30 s. */
  readonly timeoutMs?: number;
}

const maxRedirects = 5;
const headTimeoutMs = 30_000;
const maxTokenBytes = 64 * 1024;

export class RegistrySession {
  readonly #options: RegistrySessionOptions;
  readonly #base: URL;
  /** Authorization header by scope; forgotten when refused. */
  readonly #authorization = new Map<string, string>();

  constructor(options: RegistrySessionOptions) {
    this.#options = options;
    this.#base = new URL(`${options.plainHttp === true ? 'http' : 'https'}://${apiHost(options.host)}/`);
  }

  /** `target`: a path (`/v2/…`) or a URL the registry gave. Resolves for 2xx and 404; else throws. */
  async request(target: string, request: RegistryRequest): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(target, request).catch((thrown: unknown) => thrown);
      request.signal?.throwIfAborted();
      if (outcome instanceof ClrkError) throw outcome;
      if (outcome instanceof Response && !isRetryableStatus(outcome.status)) return this.#judge(outcome);
      if (attempt >= registryRetry.attempts) throw await this.#exhausted(outcome);
      await this.#pause(attempt, outcome);
    }
  }

  async #pause(attempt: number, outcome: unknown): Promise<void> {
    const asked = outcome instanceof Response ? outcome.headers.get('retry-after') : null;
    if (outcome instanceof Response) await outcome.body?.cancel();
    // 0…1 in thousandths: enough to spread callers.
    const random = randomInt(1000) / 1000;
    const ms = retryDelayMs(registryRetry, attempt, random, parseRetryAfterMs(asked, Date.now()));
    await (this.#options.delay ?? delay)(ms);
  }

  async #attempt(target: string, request: RegistryRequest): Promise<Response> {
    const response = await this.#follow(target, request);
    if (response.status !== 401) return response;
    const authorization = await this.#authorize(response, request);
    if (authorization === undefined) return response;
    await response.body?.cancel();
    this.#authorization.set(request.scope, authorization);
    const second = await this.#follow(target, request);
    if (second.status === 401) this.#authorization.delete(request.scope);
    return second;
  }

  /** Redirects by hand: fetch would follow https to http. */
  async #follow(target: string, request: RegistryRequest): Promise<Response> {
    let url = new URL(target, this.#base);
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const response = await this.#send(url, request);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || location === null) return response;
      await response.body?.cancel();
      url = new URL(location, url);
      this.#assertAllowed(url);
    }
    throw imageError('REGISTRY_REFUSED', `${this.#options.host} redirects without end`);
  }

  #assertAllowed(url: URL): void {
    const plain = url.protocol === 'http:' && this.#options.plainHttp === true;
    if (url.protocol === 'https:' || plain) return;
    throw imageError(
      'REGISTRY_REFUSED',
      `${this.#options.host} redirects to ${url.protocol}//, which is refused`,
    );
  }

  async #send(url: URL, request: RegistryRequest): Promise<Response> {
    this.#assertAllowed(url);
    const authorization =
      url.origin === this.#base.origin ? this.#authorization.get(request.scope) : undefined;
    return this.#fetch(url, {
      method: request.method ?? 'GET',
      headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
      ...(request.body === undefined ? {} : { body: request.body() }),
      timeoutMs: request.timeoutMs ?? headTimeoutMs,
      signal: request.signal,
    });
  }

  async #fetch(
    url: URL,
    init: Omit<RequestInit, 'signal'> & {
      readonly timeoutMs: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Response> {
    const { timeoutMs, signal, ...rest } = init;
    const limit = new AbortController();
    // Only the head is timed here: a large body is bounded by its reader.
    const timer = setTimeout(() => limit.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    const signals = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
    try {
      const call = this.#options.fetch ?? fetch;
      return await call(url, { ...rest, redirect: 'manual', signal: signals });
    } finally {
      clearTimeout(timer);
    }
  }

  #basic(): string | undefined {
    const { credentials } = this.#options;
    if (credentials === undefined) return undefined;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  }

  async #authorize(response: Response, request: RegistryRequest): Promise<string | undefined> {
    const challenge = parseChallenge(response.headers.get('www-authenticate') ?? '');
    const basic = this.#basic();
    if (challenge?.scheme !== 'bearer') return challenge === undefined ? undefined : basic;
    const url = tokenUrl(challenge, request.scope, this.#options.plainHttp === true);
    if (url === undefined)
      throw imageError(
        'REGISTRY_REFUSED',
        `${this.#options.host} names a token service that may not be asked`,
      );
    const headers = basic === undefined ? {} : { authorization: basic };
    const answer = await this.#fetch(url, { headers, timeoutMs: headTimeoutMs, signal: request.signal });
    if (!answer.ok) {
      await answer.body?.cancel();
      if (isRetryableStatus(answer.status)) throw new Error(`token service answered ${answer.status}`);
      throw this.#unauthorized();
    }
    return `Bearer ${await readToken(answer)}`;
  }

  #unauthorized(): Error {
    const whose = this.#options.credentials === undefined ? 'without credentials' : 'with these credentials';
    return imageError(
      'IMAGE_UNAUTHORIZED',
      `${this.#options.host} refuses ${whose} (or the repository does not exist)`,
    );
  }

  async #judge(response: Response): Promise<Response> {
    if (response.ok || response.status === 404) return response;
    await response.body?.cancel();
    if (response.status === 401 || response.status === 403) throw this.#unauthorized();
    throw imageError('REGISTRY_REFUSED', `${this.#options.host} answered ${response.status}`);
  }

  async #exhausted(outcome: unknown): Promise<Error> {
    const { host } = this.#options;
    if (!(outcome instanceof Response)) {
      const cause = outcome instanceof Error && outcome.cause instanceof Error ? outcome.cause : outcome;
      const why =
        cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : 'no answer';
      return imageError('REGISTRY_UNREACHABLE', `${host} cannot be reached: ${why}`, outcome);
    }
    await outcome.body?.cancel();
    if (outcome.status === 429)
      return imageError('REGISTRY_RATE_LIMITED', `${host} answered 429 (too many requests)`);
    return imageError('REGISTRY_UNREACHABLE', `${host} answered ${outcome.status}`);
  }
}

async function readToken(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body ?? []) {
    length += chunk.byteLength;
    if (length > maxTokenBytes) throw imageError('REGISTRY_REFUSED', 'the token service answers without end');
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown> | null;
    const token = body?.['token'] ?? body?.['access_token'];
    // Only what may stand in a header: a token with a line break must not become two headers.
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  } catch {
    // Told below.
  }
  throw imageError('REGISTRY_REFUSED', 'the token service answers without a token');
}
