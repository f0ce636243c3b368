/**
 * The metadata service inside every sandbox, http://169.254.169.254/v1: the event an agent may fetch and the answer
 * it may post (delivery mode Metadata). Who is asking is known by the slot alone. It serves no credentials and
 * nothing of any other sandbox. Of a process that has many runs an answer counts only for the run it names: one that comes
 * late, or twice, must never reach the caller of the next.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { cloudEventContentType, hardTimeoutMs, header, type CloudEvent } from '../../contract/index.ts';
import { acceptBacklog } from '../network/ruleset.ts';
import type { Occupancy } from '../egress/occupancy.ts';
import type { Occupant } from '../egress/occupant.ts';
import { readBody } from '../dispatch/request-body.ts';

export interface MetadataAnswer {
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

/** A run as its sandbox is told of it. */
export interface OfferedRun {
  readonly invocationId: string;
  readonly event: CloudEvent;
  readonly body: Buffer;
  /** The process has other runs too: it must name this one when it answers, and is given its event until it has. */
  readonly isOneOfMany: boolean;
}

export interface Offer {
  /** The event was asked for. Never, if it never is. */
  readonly asked: Promise<void>;
  /** Never, if nothing is posted. */
  readonly answer: Promise<MetadataAnswer>;
}

/** A client and a few requests side by side. The wall bounds what waits before this (slotShares). */
export const maxConnectionsPerSandbox = 32;
/** Without a byte in either direction: whoever does not read its answer holds a place no longer. */
const idleMs = 60_000;

/** A question for an event is held for so long; who is still there asks again. A sandbox that waits is replaced sooner. */
const heldMs = 15 * 60_000;

interface Entry extends OfferedRun {
  /** The event in structured mode, made once: every unread answer refers to the same bytes. */
  structured: Buffer | undefined;
  readonly asked: () => void;
  readonly answer: (answer: MetadataAnswer) => void;
  answered: boolean;
}

/** A question for an event that there is not yet. */
interface Held {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly timer: NodeJS.Timeout;
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

const noEventText = 'no event is waiting for this sandbox';

function noEvent(response: ServerResponse): void {
  response.writeHead(204);
  response.end();
}

/** Why this answer is not the run's; it may be a late one of another. */
function problemOf({ headers }: IncomingMessage, { invocationId, answered }: Entry): string | undefined {
  const named = headers[header.invocationId];
  if (named === undefined) return `say which run this answers, in the header ${header.invocationId}`;
  if (named !== invocationId) return 'this answers another run';
  return answered ? 'a response was posted already' : undefined;
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
  /** Of those that are given their event as soon as there is one: what to do when they answer what nobody asked. */
  readonly #attended = new Map<Occupant, () => void>();
  readonly #held = new Map<Occupant, Held>();
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

  /** From here on this sandbox's question for an event is held until there is one. `misused`: it answered for no run. */
  attend(occupant: Occupant, misused: () => void): void {
    this.#attended.set(occupant, misused);
  }

  /** Offers the event to this sandbox. */
  offer(occupant: Occupant, run: OfferedRun): Offer {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const answer = new Promise<MetadataAnswer>((resolve) => {
      const entry: Entry = { ...run, structured: undefined, asked, answer: resolve, answered: false };
      this.#entries.set(occupant, entry);
      const held = this.#takeHeld(occupant);
      if (held !== undefined) this.#giveEvent(held.request, held.response, entry);
    });
    return { asked: isAsked, answer };
  }

  /** The run is over; its sandbox is not. */
  finish(occupant: Occupant): void {
    this.#entries.delete(occupant);
  }

  /** Nothing of this sandbox is held any longer, nor any connection of it. */
  withdraw(occupant: Occupant): void {
    this.#entries.delete(occupant);
    this.#attended.delete(occupant);
    this.#takeHeld(occupant);
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
    if (occupant === undefined) return plain(response, 404, noEventText);
    if (method === 'GET') return this.#takeQuestion(occupant, request, response);
    return this.#judgeAnswer(occupant, request, response);
  }

  #takeQuestion(occupant: Occupant, request: IncomingMessage, response: ServerResponse): void {
    const entry = this.#entries.get(occupant);
    if (this.#waits(occupant, entry)) return this.#hold(occupant, request, response);
    if (entry === undefined) return plain(response, 404, noEventText);
    this.#giveEvent(request, response, entry);
  }

  async #judgeAnswer(occupant: Occupant, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry = this.#entries.get(occupant);
    const problem = entry?.isOneOfMany === true ? problemOf(request, entry) : undefined;
    if (entry !== undefined && problem === undefined) return this.#takeAnswer(request, response, entry);
    this.#attended.get(occupant)?.();
    if (problem === undefined) return plain(response, 404, noEventText);
    return plain(response, 409, problem);
  }

  /** There is no event for it now, and there may be one. */
  #waits(occupant: Occupant, entry: Entry | undefined): boolean {
    return entry === undefined ? this.#attended.has(occupant) : entry.isOneOfMany && entry.answered;
  }

  /** One question a sandbox: the newest, because who asks again may have given up the one before. */
  #hold(occupant: Occupant, request: IncomingMessage, response: ServerResponse): void {
    const before = this.#takeHeld(occupant);
    if (before !== undefined) noEvent(before.response);
    // Silence is what it waits in.
    request.socket.setTimeout(0);
    const timer = setTimeout(() => {
      if (this.#held.get(occupant)?.response === response) this.#takeHeld(occupant);
      noEvent(response);
    }, heldMs);
    this.#held.set(occupant, { request, response, timer });
    response.once('close', () => {
      clearTimeout(timer);
      if (this.#held.get(occupant)?.response === response) this.#held.delete(occupant);
    });
  }

  #takeHeld(occupant: Occupant): Held | undefined {
    const held = this.#held.get(occupant);
    if (held === undefined) return undefined;
    this.#held.delete(occupant);
    clearTimeout(held.timer);
    held.request.socket.setTimeout(idleMs);
    return held;
  }

  #giveEvent(request: IncomingMessage, response: ServerResponse, entry: Entry): void {
    entry.asked();
    const named = { [header.invocationId]: entry.invocationId };
    if (request.headers.accept === cloudEventContentType) {
      const body = (entry.structured ??= Buffer.from(JSON.stringify(entry.event)));
      const type = cloudEventContentType;
      response.writeHead(200, { ...named, 'content-type': type, 'content-length': body.length });
      response.end(body);
      return;
    }
    const type = entry.event.datacontenttype;
    response.writeHead(200, {
      ...binaryHeaders(entry.event),
      ...named,
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
