/**
 * One HTTP exchange with a registry, on Node's own client instead of `fetch`: bodies stay the bytes that were sent (fetch
 * decodes what claims to be compressed, and digests are of what is stored), and each address is judged before it is
 * connected to. Follows no redirect and holds no credentials.
 */
import { lookup } from 'node:dns';
import { request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { imageError } from './image-error.ts';
import { bareHost } from './registry-reach.ts';

export interface Exchange {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Blob | Uint8Array | string;
  /** Ends the exchange, its body included. */
  readonly signal: AbortSignal;
}

export type RegistryHttp = (url: URL, exchange: Exchange) => Promise<Response>;
export type MayReach = (host: string, address: string) => boolean;

function refused(host: string): Error {
  return imageError(
    'REGISTRY_REFUSED',
    `the registry leads to ${host}, which has an address it must not send anybody to`,
  );
}

/** Only the addresses that may be reached; none left is a refusal. */
function judgedLookup(mayReach: MayReach): LookupFunction {
  return (host, options, callback) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = found.filter(({ address }) => mayReach(host, address));
      const [first] = allowed;
      if (first === undefined) return callback(refused(host), '', 0);
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

function toResponse(message: IncomingMessage, url: URL): Response {
  const headers = new Headers();
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = message.rawHeaders.slice(index, index + 2);
    try {
      headers.append(name, value);
    } catch {
      // A field no header may be: nobody asks for it.
    }
  }
  const status = message.statusCode ?? 0;
  if (status < 200 || status > 599) throw new Error(`the answer has the status ${status}`);
  const isEmpty = [204, 205, 304].includes(status);
  if (isEmpty) message.resume();
  const body = isEmpty ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  const response = new Response(body, { status, headers });
  return Object.defineProperty(response, 'url', { value: url.href });
}

function send(url: URL, options: RequestOptions, body: Blob | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestTls : requestPlain)(url, options, resolve);
    request.on('error', reject);
    if (body === undefined) request.end();
    else pipeline(Readable.fromWeb(body.stream()), request).catch(reject);
  });
}

/** A connection of its own for each exchange: they are few and long, and none may outlive its answer. */
export function registryHttp(mayReach: MayReach): RegistryHttp {
  return async (url, { method, headers, body, signal }) => {
    const host = bareHost(url.hostname);
    if (isIP(host) !== 0 && !mayReach(host, host)) throw refused(host);
    const content =
      body === undefined || body instanceof Blob
        ? body
        : new Blob([typeof body === 'string' ? body : new Uint8Array(body)]);
    const length = content === undefined ? {} : { 'content-length': String(content.size) };
    const options = {
      method,
      headers: { ...headers, ...length },
      signal,
      agent: false,
      lookup: judgedLookup(mayReach),
    } as const;
    return toResponse(await send(url, options, content), url);
  };
}
