/**
 * HTTP to one registry: authentication, redirects, retries, time limits. Apart from what is asked (pull, push), because
 * here alone credentials are held: they go to the registry and its token service, never along a redirect to another
 * host, never over plain HTTP unless asked for, never into an error.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ClrkError } from '../contract/index.ts';
import { mayHavePassword, parseChallenge, tokenUrl, type AuthChallenge } from './auth-challenge.ts';
import { imageError, RetryLaterError } from './image-error.ts';
import type { RegistryCredentials } from './image.ts';
import { apiHost } from './reference.ts';
import { registryHttp, type RegistryHttp } from './registry-http.ts';
import { RegistryReach } from './registry-reach.ts';
import { isRetryableStatus, parseRetryAfterMs, registryRetry, retryDelayMs } from './registry-retry.ts';

export interface RegistrySessionOptions {
  readonly host: string;
  readonly plainHttp?: boolean;
  readonly credentials?: RegistryCredentials;
  readonly fetch?: RegistryHttp;
  readonly delay?: (ms: number) => Promise<unknown>;
}

export interface RegistryRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** Called for each attempt, because a body is spent by sending it. */
  readonly body?: () => Blob | Uint8Array;
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
  readonly #http: RegistryHttp;
  /** A token service that asked for the password and is not of the registry. */
  #withheldFrom: string | undefined;
  /** Authorization header by scope; forgotten when refused. */
  readonly #authorization = new Map<string, string>();

  constructor(options: RegistrySessionOptions) {
    this.#options = options;
    const base = `${options.plainHttp === true ? 'http' : 'https'}://${apiHost(options.host)}/`;
    if (!URL.canParse(base))
      throw imageError('IMAGE_REFERENCE_INVALID', `${options.host} is no host of a registry`);
    this.#base = new URL(base);
    const reach = new RegistryReach(this.#base.hostname);
    this.#http = options.fetch ?? registryHttp((host, address) => reach.mayReach(host, address));
  }

  /** `target`: a path (`/v2/…`) or a URL the registry gave. Resolves for 2xx and 404; else throws. */
  async request(target: string, request: RegistryRequest): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(target, request).catch((thrown: unknown) => thrown);
      request.signal?.throwIfAborted();
      if (outcome instanceof ClrkError) throw outcome;
      if (outcome instanceof Response && !isRetryableStatus(outcome.status)) return this.#judge(outcome);
      if (attempt >= registryRetry.attempts) throw await this.#exhausted(outcome);
      await this.#pause(attempt, outcome, request.signal);
    }
  }

  /** Before the next attempt at something this registry broke off. */
  async pause(attempt: number, signal?: AbortSignal): Promise<void> {
    await this.#pause(attempt, undefined, signal);
  }

  async #pause(attempt: number, outcome: unknown, signal: AbortSignal | undefined): Promise<void> {
    const asked = outcome instanceof Response ? outcome.headers.get('retry-after') : null;
    if (outcome instanceof Response) await outcome.body?.cancel();
    // 0…1 in thousandths: enough to spread callers.
    const random = randomInt(1000) / 1000;
    const askedMs = parseRetryAfterMs(asked, Date.now());
    const ms = retryDelayMs(registryRetry, attempt, random, askedMs);
    if (ms === undefined) throw this.#retryLater(outcome, askedMs ?? 0);
    await (this.#options.delay ?? ((wait: number) => delay(wait, undefined, { ...(signal && { signal }) })))(
      ms,
    );
  }

  #retryLater(outcome: unknown, askedMs: number): Error {
    const status = outcome instanceof Response ? outcome.status : 0;
    const code = status === 429 ? 'REGISTRY_RATE_LIMITED' : 'REGISTRY_UNREACHABLE';
    return new RetryLaterError(code, `${this.#options.host} answered ${status}`, askedMs);
  }

  async #attempt(target: string, request: RegistryRequest): Promise<Response> {
    const response = await this.#follow(target, request);
    if (response.status !== 401) return response;
    // Only the registry may ask who we are, not where it sent us.
    if (response.url !== '' && new URL(response.url).origin !== this.#base.origin) return response;
    const authorization = await this.#authorize(response, request);
    if (authorization === undefined) return response;
    await response.body?.cancel();
    this.#authorization.set(request.scope, authorization);
    const second = await this.#follow(target, request);
    if (second.status === 401) this.#authorization.delete(request.scope);
    return second;
  }

  /** Redirects by hand: credentials stay behind, and each step is judged. */
  async #follow(target: string, request: RegistryRequest): Promise<Response> {
    let url = new URL(target, this.#base);
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const response = await this.#send(url, request);
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || location === null) return response;
      await response.body?.cancel();
      if (!URL.canParse(location, url.href))
        throw imageError('REGISTRY_REFUSED', `${this.#options.host} redirects to what is no URL`);
      url = new URL(location, url);
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
      headers: {
        // Digests are of what is stored.
        'accept-encoding': 'identity',
        ...request.headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(request.body === undefined ? {} : { body: request.body() }),
      timeoutMs: request.timeoutMs ?? headTimeoutMs,
      signal: request.signal,
    });
  }

  async #fetch(
    url: URL,
    init: {
      readonly method: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body?: Blob | Uint8Array | string;
      readonly timeoutMs: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Response> {
    const { timeoutMs, signal, ...rest } = init;
    const limit = new AbortController();
    // Only the head is timed here: a large body is bounded by its reader.
    const timer = setTimeout(() => limit.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    const signals = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]);
    try {
      return await this.#http(url, { ...rest, signal: signals });
    } finally {
      clearTimeout(timer);
    }
  }

  #basic(): string | undefined {
    const { credentials } = this.#options;
    if (credentials === undefined || credentials.username === '') return undefined;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  }

  async #authorize(response: Response, request: RegistryRequest): Promise<string | undefined> {
    const challenge = parseChallenge(response.headers.get('www-authenticate') ?? '');
    if (challenge?.scheme !== 'bearer') return challenge === undefined ? undefined : this.#basic();
    const url = tokenUrl(challenge, request.scope, this.#options.plainHttp === true);
    if (url === undefined)
      throw imageError(
        'REGISTRY_REFUSED',
        `${this.#options.host} names a token service that may not be asked`,
      );
    const answer = await this.#askForToken(challenge, url, request);
    if (!answer.ok) {
      await answer.body?.cancel();
      if (isRetryableStatus(answer.status)) throw new Error(`token service answered ${answer.status}`);
      throw this.#unauthorized();
    }
    return `Bearer ${await readToken(answer)}`;
  }

  /** With the login where it may go there, else as anybody: what is public stays reachable. */
  #askForToken(
    challenge: Extract<AuthChallenge, { scheme: 'bearer' }>,
    url: URL,
    { scope, signal }: RegistryRequest,
  ): Promise<Response> {
    const { credentials } = this.#options;
    const identity = { 'accept-encoding': 'identity' };
    const mayHave = mayHavePassword(this.#base.hostname, url.hostname);
    if (credentials !== undefined && !mayHave) this.#withheldFrom = url.hostname;
    const refreshToken = mayHave ? credentials?.identityToken : undefined;
    if (refreshToken === undefined) {
      const basic = mayHave ? this.#basic() : undefined;
      const headers = { ...identity, ...(basic === undefined ? {} : { authorization: basic }) };
      return this.#fetch(url, { method: 'GET', headers, timeoutMs: headTimeoutMs, signal });
    }
    // The OAuth2 form of the token service (distribution-spec, "oauth2"): refresh tokens go in bodies, not URLs.
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'clrk', scope });
    if (challenge.service !== undefined) form.set('service', challenge.service);
    form.set('refresh_token', refreshToken);
    const headers = { ...identity, 'content-type': 'application/x-www-form-urlencoded' };
    const body = form.toString();
    return this.#fetch(new URL(challenge.realm), {
      method: 'POST',
      headers,
      body,
      timeoutMs: headTimeoutMs,
      signal,
    });
  }

  #unauthorized(): Error {
    const whose = this.#options.credentials === undefined ? 'without credentials' : 'with these credentials';
    const withheld =
      this.#withheldFrom === undefined
        ? ''
        : `; the password was not sent to its token service ${this.#withheldFrom}, which is of another domain`;
    return imageError(
      'IMAGE_UNAUTHORIZED',
      `${this.#options.host} refuses ${whose} (or the repository does not exist)${withheld}`,
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
