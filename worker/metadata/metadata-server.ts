/**
 * The metadata service inside every sandbox, http://169.254.169.254/v1: the event an agent may fetch and the answer
 * it may post (delivery mode Metadata). Who is asking is known by the slot alone. It serves no credentials and
 * nothing of any other sandbox.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cloudEventContentType, hardTimeoutMs, type CloudEvent } from '../../contract/index.ts';
import { acceptBacklog } from '../network/ruleset.ts';
import type { Occupancy } from '../egress/occupancy.ts';
import type { Occupant } from '../egress/occupant.ts';
import { readBody } from '../dispatch/request-body.ts';

export interface MetadataAnswer {
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** A client and a few requests side by side. The wall bounds what waits before this (slotShares). */
export const maxConnectionsPerSandbox = 32;
/** Without a byte in either direction: whoever does not read its answer holds a place no longer. */
const idleMs = 60_000;

interface Entry {
  readonly event: CloudEvent;
  /** The event in structured mode, made once: every unread answer refers to the same bytes. */
  structured: Buffer | undefined;
  readonly body: Buffer;
  readonly answer: (answer: MetadataAnswer) => void;
  answered: boolean;
}

export interface MetadataServerOptions {
  /** A listening transparent socket in the router namespace; becomes ours. */
  readonly fd: number;
  readonly occupancy: Occupancy;
  readonly onError: (error: unknown) => void;
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${text}\n`);
}

/** Binary content mode of CloudEvents over HTTP: attributes as ce-* headers, the body as it came. */
function binaryHeaders(event: CloudEvent): Record<string, string> {
  const attributes = Object.entries(event).filter(
    ([name, value]) =>
      typeof value === 'string' && !['data', 'data_base64', 'datacontenttype'].includes(name),
  );
  return Object.fromEntries(attributes.map(([name, value]) => [`ce-${name}`, encodeURI(String(value))]));
}

export class MetadataServer {
  readonly #options: MetadataServerOptions;
  readonly #entries = new Map<Occupant, Entry>();
  readonly #sockets = new Map<Occupant, Set<Socket>>();
  readonly #server: Server;

  constructor(options: MetadataServerOptions) {
    this.#options = options;
    const limits = { requestTimeout: hardTimeoutMs, headersTimeout: 10_000, keepAliveTimeout: 15_000 };
    this.#server = createServer(limits, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.destroy();
        options.onError(error);
      });
    });
    this.#server.timeout = idleMs;
    this.#server.on('connection', (socket) => this.#admit(socket));
    this.#server.on('error', options.onError);
    this.#server.listen({ fd: options.fd, backlog: acceptBacklog });
  }

  /** A place for the connection among its sandbox's own, or a reset (S54). */
  #admit(socket: Socket): void {
    const occupant = this.#options.occupancy.byIp(socket.remoteAddress ?? '');
    if (occupant === undefined) return void socket.resetAndDestroy();
    const held = this.#sockets.get(occupant) ?? new Set();
    if (held.size >= maxConnectionsPerSandbox) return void socket.resetAndDestroy();
    this.#sockets.set(occupant, held.add(socket));
    socket.once('close', () => {
      held.delete(socket);
      if (held.size === 0 && this.#sockets.get(occupant) === held) this.#sockets.delete(occupant);
    });
  }

  /** Offers the event to this sandbox and resolves with what it posts. Never resolves if it posts nothing. */
  offer(occupant: Occupant, event: CloudEvent, body: Buffer): Promise<MetadataAnswer> {
    return new Promise((resolve) => {
      this.#entries.set(occupant, { event, structured: undefined, body, answer: resolve, answered: false });
    });
  }

  /** Nothing of this sandbox is held any longer, nor any connection of it. */
  withdraw(occupant: Occupant): void {
    this.#entries.delete(occupant);
    for (const socket of this.#sockets.get(occupant) ?? []) socket.resetAndDestroy();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const occupant = this.#options.occupancy.byIp(request.socket.remoteAddress ?? '');
    const path = (request.url ?? '').split('?')[0];
    const method = path === '/v1/event' ? 'GET' : path === '/v1/response' ? 'POST' : undefined;
    if (method === undefined) return plain(response, 404, 'not found');
    if (request.method !== method) {
      response.setHeader('allow', method);
      return plain(response, 405, `use ${method}`);
    }
    const entry = occupant === undefined ? undefined : this.#entries.get(occupant);
    if (entry === undefined) return plain(response, 404, 'no event is waiting for this sandbox');
    if (method === 'GET') return this.#giveEvent(request, response, entry);
    return this.#takeAnswer(request, response, entry);
  }

  #giveEvent(request: IncomingMessage, response: ServerResponse, entry: Entry): void {
    if (request.headers.accept === cloudEventContentType) {
      const body = (entry.structured ??= Buffer.from(JSON.stringify(entry.event)));
      response.writeHead(200, { 'content-type': cloudEventContentType, 'content-length': body.length });
      response.end(body);
      return;
    }
    const type = entry.event.datacontenttype;
    response.writeHead(200, {
      ...binaryHeaders(entry.event),
      ...(type === undefined ? {} : { 'content-type': type }),
      'content-length': entry.body.length,
    });
    response.end(entry.body);
  }

  async #takeAnswer(request: IncomingMessage, response: ServerResponse, entry: Entry): Promise<void> {
    if (entry.answered) return plain(response, 409, 'a response was posted already');
    entry.answered = true;
    let body: Buffer;
    try {
      body = await readBody(request);
    } catch {
      entry.answered = false;
      response.shouldKeepAlive = false;
      return plain(response, 413, 'the response is too large or was cut off');
    }
    response.writeHead(204);
    // The agent may be ended once it has answered, so it must have its 204 first.
    response.end(() => entry.answer({ contentType: request.headers['content-type'], body }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
