/**
 * The metadata service inside every sandbox, http://169.254.169.254/v1: the event an agent may fetch and the answer
 * it may post (delivery mode Metadata). Who is asking is known by the slot alone. It serves no credentials and
 * nothing of any other sandbox.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { cloudEventContentType, type CloudEvent } from '../../contract/index.ts';
import type { Occupancy } from '../egress/occupancy.ts';
import type { Occupant } from '../egress/occupant.ts';
import { readBody } from '../dispatch/request-body.ts';

export interface MetadataAnswer {
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

interface Entry {
  readonly event: CloudEvent;
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
  readonly #server: Server;

  constructor(options: MetadataServerOptions) {
    this.#options = options;
    this.#server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000 }, (request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.destroy();
        options.onError(error);
      });
    });
    // No sandbox can hold more than its own few connections (S54).
    this.#server.maxConnections = 1024;
    this.#server.on('error', options.onError);
    this.#server.listen({ fd: options.fd });
  }

  /** Offers the event to this sandbox and resolves with what it posts. Never resolves if it posts nothing. */
  offer(occupant: Occupant, event: CloudEvent, body: Buffer): Promise<MetadataAnswer> {
    return new Promise((resolve) => {
      this.#entries.set(occupant, { event, body, answer: resolve, answered: false });
    });
  }

  withdraw(occupant: Occupant): void {
    this.#entries.delete(occupant);
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
      response.writeHead(200, { 'content-type': cloudEventContentType });
      response.end(JSON.stringify(entry.event));
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
