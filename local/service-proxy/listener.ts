/**
 * One forwarded address: accepts, picks a ready endpoint in turn, and pipes both ways with half-close. A connection that
 * no endpoint takes is reset, so that the caller knows at once.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Endpoint } from './forwarding.ts';

// Local endpoints answer in microseconds or not at all.
const connectTimeoutMs = 3_000;
// Sockets of one rule; a local platform is far below.
const maxConnections = 4_096;

export class ForwardingListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #endpoints: readonly Endpoint[] = [];
  #turn = 0;

  constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = maxConnections;
  }

  set endpoints(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
  }

  listen({ address, port }: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: address, port }, () => {
        this.#server.removeListener('error', reject);
        this.#server.on('error', () => undefined);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(client: Socket): void {
    this.#track(client);
    client.pause();
    client.on('error', () => client.destroy());
    const [first, ...others] = this.#inTurn();
    if (first === undefined) client.resetAndDestroy();
    else this.#dial(client, first, others);
  }

  /** All endpoints, beginning with the one whose turn it is. */
  #inTurn(): Endpoint[] {
    this.#turn += 1;
    const start = this.#endpoints.length === 0 ? 0 : this.#turn % this.#endpoints.length;
    return [...this.#endpoints.slice(start), ...this.#endpoints.slice(0, start)];
  }

  #dial(client: Socket, endpoint: Endpoint, others: readonly Endpoint[]): void {
    const upstream = connect({
      host: endpoint.address,
      port: endpoint.port,
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#track(upstream);
    const timer = setTimeout(() => upstream.destroy(new Error('connect timeout')), connectTimeoutMs);
    const failed = (): void => {
      clearTimeout(timer);
      const [next, ...rest] = others;
      if (next === undefined || client.destroyed) client.resetAndDestroy();
      else this.#dial(client, next, rest);
    };
    upstream.once('error', failed);
    upstream.once('connect', () => {
      clearTimeout(timer);
      upstream.removeListener('error', failed);
      join(client, upstream);
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

function join(client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.on('error', () => to.resetAndDestroy());
    from.once('close', () => {
      if (!to.writableEnded) to.destroy();
    });
    from.pipe(to);
  }
}
