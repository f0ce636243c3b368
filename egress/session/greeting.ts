/**
 * A server that speaks first (SMTP, MySQL, SSH): its words go to an agent that is silent, before the agent has said what it
 * speaks. Nothing of the agent goes the other way until that is known: `handOver` gives the server to a relay, `drop` ends it
 * because the agent turned out to speak something that must be read.
 */
import type { Socket } from 'node:net';
import type { Boundary } from '../boundary.ts';

export class Greeting {
  readonly #agent: Socket;
  readonly #upstream: Socket;
  readonly #detach: Array<() => void> = [];
  /** Bytes the server has said. */
  bytes = 0;

  constructor(agent: Socket, upstream: Socket, boundary: Boundary) {
    this.#agent = agent;
    this.#upstream = upstream;
    const on = <A extends unknown[]>(socket: Socket, event: string, handler: (...args: A) => void): void => {
      this.#detach.push(boundary.on(socket, event, handler));
    };
    on(upstream, 'data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (!agent.write(chunk)) upstream.pause();
    });
    on(agent, 'drain', () => upstream.resume());
    on(upstream, 'end', () => agent.end());
    on(upstream, 'close', () => agent.destroy());
    on(agent, 'close', () => upstream.destroy());
  }

  /** The server, from here on the caller's. */
  handOver(): Socket {
    for (const detach of this.#detach) detach();
    this.#upstream.pause();
    return this.#upstream;
  }

  /** False: it cannot be taken back, the agent has been told something. */
  drop(): boolean {
    this.handOver().destroy();
    return this.bytes === 0 && !this.#agent.writableEnded;
  }
}
