/**
 * The HTTP server callers reach, and how it is left: whoever has a connection is told with its next answer that it ends (`Connection:
 * close`), and what lies idle is closed only after nothing came on it for a while, because a caller whose request crosses with the
 * end of its connection cannot know whether it ran. It must never end a connection within a request before it is told to cut.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as Listener, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs, PeerConnections } from '../process/index.ts';
import { limits } from './limits.ts';

const serverLimits = {
  maxHeaderSize: limits.headBytes,
  headersTimeout: limits.headMs,
  requestTimeout: limits.requestMs,
  keepAliveTimeout: limits.idleConnectionMs,
  highWaterMark: limits.readAheadBytes,
  connectionsCheckingInterval: 2_000,
  noDelay: true,
} as const;

export interface LeaveBounds {
  readonly leastMs: number;
  readonly quietMs: number;
  readonly mostMs: number;
}

interface Standing {
  /** Answers under way; more than one where requests are pipelined. */
  readonly answers: Set<ServerResponse>;
  /** When something last came or ended, as far as it was looked at. */
  since: number;
  bytes: number;
}

export class CallerServer {
  readonly #server: Server;
  readonly #standing = new Map<Socket, Standing>();
  #isLeaving = false;
  #isClosed = false;
  /** When a connection or a request last came. */
  #lastAt = monotonicMs();
  /** Idle for so long, a connection is ended. */
  #idleMs = 0;

  constructor(take: (request: IncomingMessage, response: ServerResponse) => void) {
    this.#server = createServer(serverLimits, (request, response) => {
      this.#begin(request.socket, response);
      take(request, response);
    });
    this.#server.maxConnections = limits.connections.total;
    const peers = new PeerConnections(limits.connections.peer);
    this.#server.on('connection', (socket) => {
      this.#add(socket);
      peers.admit(socket);
    });
  }

  /** Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of callers. */
  get connections(): number {
    return this.#standing.size;
  }

  /** Every answer from now on is its connection's last. Resolves when nobody is likely to send more, or when it is closed. */
  async leave({ leastMs, quietMs, mostMs }: LeaveBounds): Promise<void> {
    this.#isLeaving = true;
    this.#idleMs = leastMs;
    for (const { answers } of this.#standing.values()) for (const answer of answers) endAfter(answer);
    const beganAt = monotonicMs();
    const isQuiet = (): boolean => monotonicMs() - this.#lastAt >= quietMs;
    await waitUntil(beganAt + leastMs, () => this.#isClosed);
    await waitUntil(beganAt + mostMs, () => this.#isClosed || isQuiet());
  }

  /** Listens no more. Resolves when the last connection has ended. */
  close(): Promise<void> {
    this.#isClosed = true;
    // Not by HTTP's own close, which ends idle connections in the same moment.
    return new Promise((resolve) => Listener.prototype.close.call(this.#server, () => resolve()));
  }

  /** Ends connections on which nothing has come for a while. */
  closeIdle(): void {
    const now = monotonicMs();
    for (const [socket, standing] of this.#standing) {
      // The beginning of a head is no request yet, and more than nothing.
      if (socket.bytesRead !== standing.bytes) {
        standing.bytes = socket.bytesRead;
        standing.since = now;
      }
      if (standing.answers.size === 0 && now - standing.since >= this.#idleMs) socket.destroySoon();
    }
  }

  /** Ends every connection as it is. */
  cut(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #add(socket: Socket): void {
    this.#lastAt = monotonicMs();
    this.#standing.set(socket, { answers: new Set(), since: this.#lastAt, bytes: socket.bytesRead });
    socket.once('close', () => this.#standing.delete(socket));
  }

  #begin(socket: Socket, answer: ServerResponse): void {
    this.#lastAt = monotonicMs();
    if (this.#isLeaving) endAfter(answer);
    const standing = this.#standing.get(socket);
    if (standing === undefined) return;
    standing.answers.add(answer);
    answer.once('close', () => {
      standing.answers.delete(answer);
      standing.since = monotonicMs();
    });
  }
}

/** Says so in its head, if that is not out yet. */
function endAfter(answer: ServerResponse): void {
  answer.shouldKeepAlive = false;
}

/** Resolves when it is over, at the latest at `deadline`. */
export async function waitUntil(deadline: number, isOver: () => boolean): Promise<void> {
  while (!isOver() && monotonicMs() < deadline) await delay(20);
}
