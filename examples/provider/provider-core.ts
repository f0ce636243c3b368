/**
 * One request of the stand-in: whose it is, whether its key is right, what is answered, and what is remembered of it, keys
 * included: in memory only and bounded.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import { codecs, providerOf, type StandInProvider } from './codecs.ts';
import type { Exchange, ProviderCodec, ProviderReply, ProviderRequest } from './exchange.ts';
import { faultReply, type ProviderFault } from './fault.ts';
import { ResponsesSocket } from './openai/responses-socket.ts';
import { send } from './sending.ts';
import { acceptSocket, refuseSocket, serveSocket } from './socket-server.ts';

export interface CoreOptions {
  readonly keys: Partial<Readonly<Record<StandInProvider, string>>>;
  readonly now?: () => number;
}

const maxBodyBytes = 32 * 1024 * 1024;
const maxRecordedBytes = 64 * 1024;
const maxExchanges = 1000;
/** Of requests whose repetition is counted; the oldest are forgotten. */
const maxSeeds = 10_000;

function sameKey(presented: string, key: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(presented), hash(key));
}

function hasKey(codec: ProviderCodec, request: ProviderRequest, key: string | undefined): boolean {
  const presented = codec.presentedKey(request);
  if (presented === undefined || key === undefined) return false;
  return sameKey(presented, key) || codec.isSignedBy?.(request, key) === true;
}

async function readBody(request: Http2ServerRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

type Asked = Pick<Http2ServerRequest, 'method' | 'url' | 'headers'>;

function digestOf(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Some clients say of each try which it is. */
function asked(json: unknown): string {
  return (
    JSON.stringify(json, (name, value: unknown) => (name === 'client_metadata' ? undefined : value)) ?? ''
  );
}

function headersOf(request: Pick<Asked, 'headers'>, host: string): Record<string, string> {
  const entries = Object.entries(request.headers).filter(([name]) => !name.startsWith(':'));
  return {
    host,
    ...Object.fromEntries(
      entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    ),
  };
}

type MutableExchange = { -readonly [K in keyof Exchange]: Exchange[K] };

export class ProviderCore {
  readonly #options: CoreOptions;
  readonly #exchanges: MutableExchange[] = [];
  readonly #seeds = new Map<string, number>();
  #fault: ProviderFault = {};

  constructor(options: CoreOptions) {
    this.#options = options;
  }

  received(): readonly Exchange[] {
    return this.#exchanges.map((exchange) => ({ ...exchange }));
  }

  setFault(fault: ProviderFault | undefined): void {
    this.#fault = fault ?? {};
  }

  async handle(incoming: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const fault = this.#fault;
    const host = incoming.authority || (incoming.headers.host ?? '');
    const body = await readBody(incoming);
    const request = this.#parse(incoming, host, body);
    const provider = providerOf(host);
    const reply = this.#reply(provider, request, body === undefined, fault);
    const exchange: MutableExchange = {
      provider: provider ?? 'unknown',
      host,
      method: request.method,
      path: request.path,
      headers: request.headers,
      key: provider === undefined ? undefined : codecs[provider].presentedKey(request),
      body: (body ?? Buffer.alloc(0)).subarray(0, maxRecordedBytes).toString('utf8'),
      status: reply.status,
      told: reply.told,
      end: 'pending',
    };
    this.#record(exchange);
    const isSent = await send(response, reply, { ...reply.pace, ...fault });
    exchange.end = isSent ? 'whole' : 'aborted';
  }

  /** A WebSocket of the Responses API, or the refusal of one. */
  upgrade(incoming: IncomingMessage, socket: Duplex): void {
    const host = incoming.headers.host ?? '';
    const asked = { method: 'GET', url: incoming.url ?? '/', headers: incoming.headers };
    const request = this.#parse(asked, host);
    const provider: Exchange['provider'] = providerOf(host) ?? 'unknown';
    const { method, path, headers } = request;
    const key = codecs.openai.presentedKey(request);
    const isOpen = provider === 'openai' && path === '/v1/responses';
    const isKnown = hasKey(codecs.openai, request, this.#options.keys.openai);
    const status = !isOpen ? 404 : isKnown ? 101 : 401;
    const told = { body: '', status, told: undefined, end: 'whole' } as const;
    const opened = { provider, host, method, path, headers, key, ...told };
    this.#record(opened);
    if (status !== 101) {
      socket.end(refuseSocket(status));
      return;
    }
    socket.write(acceptSocket(headers['sec-websocket-key'] ?? ''));
    const responses = new ResponsesSocket((json) =>
      this.#parse({ ...asked, method: 'POST' }, host, Buffer.from(JSON.stringify(json))),
    );
    serveSocket(socket, (body) => {
      const { events, reply } = responses.message(body);
      const answered = { status: reply?.status ?? 400, told: reply?.told };
      this.#record({ ...opened, ...answered, body: body.slice(0, maxRecordedBytes) });
      return events;
    });
  }

  #parse(incoming: Asked, host: string, body: Buffer = Buffer.alloc(0)): ProviderRequest {
    const url = new URL(incoming.url, 'https://stand-in.invalid');
    const bodyDigest = digestOf(body);
    const json = body.length === 0 ? undefined : parseJson(body);
    const seed = `${incoming.method} ${url.pathname} ${bodyDigest}`;
    return {
      method: incoming.method,
      path: url.pathname,
      query: url.searchParams,
      target: incoming.url,
      headers: headersOf(incoming, host),
      json,
      bodyDigest,
      seed,
      repeated: this.#count(`${incoming.method} ${url.pathname} ${digestOf(asked(json))}`),
      created: Math.floor((this.#options.now ?? Date.now)() / 1000),
    };
  }

  /** How often it came before. */
  #count(seed: string): number {
    const before = this.#seeds.get(seed) ?? 0;
    this.#seeds.delete(seed);
    this.#seeds.set(seed, before + 1);
    const [oldest] = this.#seeds.keys();
    if (this.#seeds.size > maxSeeds && oldest !== undefined) this.#seeds.delete(oldest);
    return before;
  }

  #reply(
    provider: StandInProvider | undefined,
    request: ProviderRequest,
    tooLarge: boolean,
    fault: ProviderFault,
  ): ProviderReply {
    if (provider === undefined)
      return {
        status: 421,
        contentType: 'text/plain',
        chunks: ['This stand-in does not serve this host.\n'],
      };
    const codec = codecs[provider];
    if (!hasKey(codec, request, this.#options.keys[provider]))
      return codec.refuseKey(request, codec.presentedKey(request));
    if (tooLarge) return codec.fail(413, 'The request is too large.', request);
    return faultReply(fault, codec, request) ?? codec.answer(request);
  }

  #record(exchange: MutableExchange): void {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > maxExchanges) this.#exchanges.shift();
  }
}
