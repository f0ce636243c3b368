/**
 * Bytes both ways between two sockets, counted, with back-pressure and an idle limit. Apart because raw TCP, TLS
 * passthrough and WebSocket share it; an inspector may end it at any chunk. Each direction ends by itself, a side that breaks
 * breaks the other, and each direction waits for its own reader alone: what is held is what two sockets buffer.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Boundary } from '../boundary.ts';

export interface RelayResult {
  readonly up: number;
  readonly down: number;
  readonly error: string | undefined;
}

export interface RelayOptions {
  /** Without a byte either way for this long it ends, however long it has run. */
  readonly idleMs: number;
  readonly now: () => number;
  /** The reason to end, or undefined. */
  readonly inspect?: { up(chunk: Buffer): string | undefined; down(chunk: Buffer): string | undefined };
  /** What goes to the agent in place of what the upstream sent, or the reason to end. */
  readonly scrub?: (chunk: Buffer) => Buffer | string;
  /** Called with a function that is to be called about once a second. */
  readonly onTick: (tick: (now: number) => void) => () => void;
  readonly onBroken?: (error: unknown) => void;
  /** Ends the agent's connection so that it cannot take it for a clean end; default: as far as its socket lets us. */
  readonly breakAgent?: () => void;
}

/** Ends a socket so that its peer cannot take it for a clean end, as far as that can be said. */
function breakOff(socket: Duplex): void {
  if (socket.destroyed) return;
  if (socket instanceof Socket && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else socket.destroy();
}

interface Way {
  readonly from: Duplex;
  readonly to: Duplex;
  readonly note: (chunk: Buffer) => string | undefined;
  /** What is passed on, or the reason to end; absent: what came. */
  readonly change?: ((chunk: Buffer) => Buffer | string) | undefined;
}

class Relay {
  readonly #options: RelayOptions;
  readonly #agent: Duplex;
  readonly #upstream: Duplex;
  readonly #resolve: (result: RelayResult) => void;
  readonly #boundary: Boundary;
  readonly #stopTick: () => void;
  #up = 0;
  #down = 0;
  #last: number;
  #closed = 0;
  #open = true;

  constructor(
    sides: { agent: Duplex; upstream: Duplex },
    options: RelayOptions,
    resolve: (result: RelayResult) => void,
  ) {
    this.#options = options;
    this.#agent = sides.agent;
    this.#upstream = sides.upstream;
    this.#resolve = resolve;
    this.#last = options.now();
    this.#boundary = new Boundary(() => this.#finish('GATEWAY_FAULT'), options.onBroken ?? (() => undefined));
    this.#stopTick = options.onTick((now) => {
      if (now - this.#last > options.idleMs) this.#finish('IDLE');
    });
  }

  start(): void {
    const { inspect, scrub } = this.#options;
    const up = (chunk: Buffer): string | undefined => {
      this.#up += chunk.length;
      return inspect?.up(chunk);
    };
    const down = (chunk: Buffer): string | undefined => {
      this.#down += chunk.length;
      return inspect?.down(chunk);
    };
    this.#pipe({ from: this.#agent, to: this.#upstream, note: up });
    this.#pipe({ from: this.#upstream, to: this.#agent, note: down, change: scrub });
  }

  #pipe(way: Way): void {
    const { from, to } = way;
    const on = <A extends unknown[]>(socket: Duplex, event: string, handler: (...args: A) => void): unknown =>
      this.#boundary.on(socket, event, handler);
    on(from, 'data', (chunk: Buffer) => this.#pass(way, chunk));
    on(to, 'drain', () => from.resume());
    on(from, 'end', () => to.end());
    on(from, 'error', () => this.#finish('CONNECTION_FAILED'));
    on(from, 'close', () => this.#sideClosed(from));
    // It may have ended, or be gone, before anybody listened.
    if (from.destroyed) this.#sideClosed(from);
    else if (from.readableEnded) to.end();
    else from.resume();
  }

  #pass({ from, to, note, change }: Way, chunk: Buffer): void {
    this.#last = this.#options.now();
    const passed = note(chunk) ?? change?.(chunk) ?? chunk;
    if (typeof passed === 'string') this.#finish(passed);
    else if (passed.length > 0 && !to.write(passed)) from.pause();
  }

  /** A side whose two directions have ended waits for the other; one that is just gone takes the other with it. */
  #sideClosed(side: Duplex): void {
    this.#closed += 1;
    const isWhole = side.readableEnded && side.writableFinished;
    if (!isWhole || this.#closed === 2) this.#finish(undefined);
  }

  #finish(error: string | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stopTick();
    if (!this.#agent.destroyed && this.#options.breakAgent !== undefined) this.#options.breakAgent();
    else breakOff(this.#agent);
    breakOff(this.#upstream);
    this.#resolve({ up: this.#up, down: this.#down, error });
  }
}

/** Resolves when both directions are over. Owns both sockets. */
export function relay(agent: Duplex, upstream: Duplex, options: RelayOptions): Promise<RelayResult> {
  return new Promise((resolve) => {
    new Relay({ agent, upstream }, options, resolve).start();
  });
}
