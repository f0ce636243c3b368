/**
 * The provider stand-in's socket side: TLS with its own CA, HTTP/1.1 and HTTP/2, one codec by host name. Apart from
 * the codecs, which are pure. It remembers what it received, keys included, in memory only and bounded.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createCa, issueLeaf } from '../../pki/index.ts';
import { anthropicCodec } from './anthropic.ts';
import type { Exchange, ProviderCodec, ProviderReply, ProviderRequest } from './exchange.ts';
import { faultReply, type ProviderFault } from './fault.ts';
import { googleCodec } from './google.ts';
import { openaiCodec } from './openai.ts';

export type StandInProvider = 'openai' | 'anthropic' | 'google';

export interface StartProviderOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** The real keys; a provider without one refuses everybody. */
  readonly keys: Partial<Readonly<Record<StandInProvider, string>>>;
  /** Default: a new one. */
  readonly ca?: { readonly certificatePem: string; readonly privateKeyPem: string };
  readonly now?: () => number;
}

export interface RunningProvider extends AsyncDisposable {
  readonly caPem: string;
  readonly port: number;
  /** The latest exchanges, oldest first. */
  received(): readonly Exchange[];
  /** From the next request on; undefined: no fault. */
  setFault(fault: ProviderFault | undefined): void;
  close(): Promise<void>;
}

export const standInHosts: Readonly<Record<StandInProvider, readonly string[]>> = {
  openai: openaiCodec.hosts,
  anthropic: anthropicCodec.hosts,
  google: googleCodec.hosts,
};

const codecs: Readonly<Record<StandInProvider, ProviderCodec>> = {
  openai: openaiCodec,
  anthropic: anthropicCodec,
  google: googleCodec,
};
const maxBodyBytes = 32 * 1024 * 1024;
const maxRecordedBytes = 64 * 1024;
const maxExchanges = 1000;
const leafTtlMs = 30 * 24 * 3600_000;

function providerOf(host: string): StandInProvider | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return (Object.keys(codecs) as StandInProvider[]).find((each) => codecs[each].hosts.includes(name));
}

function sameKey(presented: string | undefined, key: string | undefined): boolean {
  if (presented === undefined || key === undefined) return false;
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(presented), hash(key));
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

function headersOf(request: Http2ServerRequest): Record<string, string> {
  const entries = Object.entries(request.headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

/** Cuts the answer as a crash would: no end of body, no end of stream. */
function cut(response: Http2ServerResponse): void {
  const h1 = (response as unknown as { socket: Socket | null }).socket;
  if ('stream' in response && response.stream !== undefined) response.stream.close(2);
  else h1?.destroy();
}

async function send(
  response: Http2ServerResponse,
  reply: ProviderReply,
  fault: ProviderFault,
): Promise<void> {
  const [only] = reply.chunks;
  const length =
    reply.chunks.length === 1 && fault.abortAfterChunks === undefined
      ? { 'content-length': String(Buffer.byteLength(only ?? '')) }
      : {};
  response.writeHead(reply.status, { 'content-type': reply.contentType, ...reply.headers, ...length });
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  for (const [index, chunk] of reply.chunks.entries()) {
    if (index === fault.abortAfterChunks) break;
    if (response.destroyed) return;
    if (index > 0 && fault.chunkDelayMs !== undefined) await delay(fault.chunkDelayMs);
    // Each chunk leaves as a packet of its own, so that readers meet real boundaries.
    const flushed = new Promise<void>((resolve) => response.write(chunk, () => resolve()));
    await Promise.race([flushed, closed]);
  }
  if (fault.abortAfterChunks === undefined) response.end();
  else cut(response);
}

class ProviderServer {
  readonly #options: StartProviderOptions;
  readonly #exchanges: Exchange[] = [];
  #fault: ProviderFault = {};

  constructor(options: StartProviderOptions) {
    this.#options = options;
  }

  received(): readonly Exchange[] {
    return [...this.#exchanges];
  }

  setFault(fault: ProviderFault | undefined): void {
    this.#fault = fault ?? {};
  }

  async handle(incoming: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const fault = this.#fault;
    const host = incoming.authority || (incoming.headers.host ?? '');
    const body = await readBody(incoming);
    const request = this.#parse(incoming, body);
    const provider = providerOf(host);
    const key = provider === undefined ? undefined : codecs[provider].presentedKey(request);
    const reply = this.#reply(provider, request, body === undefined, fault);
    this.#record({
      provider: provider ?? 'unknown',
      host,
      method: request.method,
      path: request.path,
      headers: request.headers,
      key,
      body: (body ?? Buffer.alloc(0)).subarray(0, maxRecordedBytes).toString('utf8'),
      status: reply.status,
    });
    if (fault.delayMs !== undefined) await delay(fault.delayMs);
    await send(response, reply, fault);
  }

  #parse(incoming: Http2ServerRequest, body: Buffer = Buffer.alloc(0)): ProviderRequest {
    const url = new URL(incoming.url, 'https://stand-in.invalid');
    const digest = createHash('sha256').update(body).digest('hex');
    return {
      method: incoming.method,
      path: url.pathname,
      query: url.searchParams,
      headers: headersOf(incoming),
      json: body.length === 0 ? undefined : parseJson(body),
      seed: `${incoming.method} ${url.pathname} ${digest}`,
      created: Math.floor((this.#options.now ?? Date.now)() / 1000),
    };
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
    const presented = codec.presentedKey(request);
    if (!sameKey(presented, this.#options.keys[provider])) return codec.refuseKey(request, presented);
    if (tooLarge) return codec.fail(413, 'The request is too large.', request);
    return faultReply(fault, codec, request) ?? codec.answer(request);
  }

  #record(exchange: Exchange): void {
    this.#exchanges.push(exchange);
    if (this.#exchanges.length > maxExchanges) this.#exchanges.shift();
  }
}

/** Rejects when the address cannot be bound. */
export async function startProvider(options: StartProviderOptions): Promise<RunningProvider> {
  const ca = options.ca ?? createCa({ commonName: 'CLRK provider stand-in CA', years: 1 });
  const leaf = issueLeaf({
    ca,
    commonName: 'provider stand-in',
    dnsNames: Object.values(codecs).flatMap((codec) => codec.hosts),
    ips: [],
    ttlMs: leafTtlMs,
    usage: 'server',
  });
  const core = new ProviderServer(options);
  const server = createSecureServer({
    cert: `${leaf.certificatePem}\n${ca.certificatePem}`,
    key: leaf.privateKeyPem,
    allowHTTP1: true,
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  // A client that leaves in the middle is its own affair.
  server.on('sessionError', () => undefined).on('tlsClientError', () => undefined);
  server.on('request', (request, response) => {
    response.on('error', () => undefined);
    core.handle(request, response).catch(() => cut(response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    caPem: ca.certificatePem,
    port,
    received: () => core.received(),
    setFault: (fault) => core.setFault(fault),
    close,
    [Symbol.asyncDispose]: close,
  };
}
