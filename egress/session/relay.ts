/**
 * Bytes both ways between two sockets, counted, with back-pressure and an idle limit. Apart because raw TCP, TLS
 * passthrough and WebSocket share it; an inspector may end it at any chunk. Each direction ends by itself, a side that breaks
 * breaks the other, and each direction waits for its own reader alone: what is held is what two sockets buffer.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Boundary } from '../boundary.ts';
import type { ReadAhead } from './read-ahead.ts';

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
  /** What goes to the upstream in place of what the agent sent, or the reason to end. */
  readonly rewrite?: (chunk: Buffer) => Buffer | string;
  /** Called once, before anything passes, for who says something there of its own. */
  readonly onOpen?: (ports: RelayPorts) => void;
  /** What goes to the agent in place of what the upstream sent, or the reason to end. */
  readonly scrub?: (chunk: Buffer) => Buffer | string;
  /** False: an agent whose side has ended is gone. What it said last still goes out, and then all is over. */
  readonly agentHalfCloses: boolean;
  /** How far the agent is read while the upstream takes nothing; the relay releases it. */
  readonly ahead?: ReadAhead;
  /** Called with a function that is to be called about once a second. */
  readonly onTick: (tick: (now: number) => void) => () => void;
  readonly onBroken?: (error: unknown) => void;
  /** Ends the agent's connection so that it cannot take it for a clean end; default: as far as its socket lets us. */
  readonly breakAgent?: () => void;
}

/** Both sides of a relay. Nothing is written to one that is over. */
export interface RelayPorts {
  /** So many bytes now wait for the agent to read them. */
  toAgent(bytes: Buffer): number;
  toUpstream(bytes: Buffer): void;
  end(error: string): void;
}

/** How long the last words of an agent that is gone may take. */
const lastWordsMs = 2_000;

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
  /** The side that has not taken yet what was said here. */
  #unheard: Duplex | undefined;
  /** When the agent left. */
  #leftAt: number | undefined;

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
      if (this.#leftAt !== undefined && now - this.#leftAt > lastWordsMs) this.#finish('AGENT_GONE');
      else if (now - this.#last > options.idleMs) this.#finish('IDLE');
    });
  }

  start(): void {
    const { inspect, scrub, rewrite, onOpen } = this.#options;
    onOpen?.({
      toAgent: (bytes) => {
        this.#say(this.#agent, bytes);
        return this.#agent.writableLength;
      },
      toUpstream: (bytes) => this.#say(this.#upstream, bytes),
      end: (error) => this.#finish(error),
    });
    const up = (chunk: Buffer): string | undefined => {
      this.#up += chunk.length;
      return inspect?.up(chunk);
    };
    const down = (chunk: Buffer): string | undefined => {
      this.#down += chunk.length;
      return inspect?.down(chunk);
    };
    this.#pipe({ from: this.#agent, to: this.#upstream, note: up, change: rewrite });
    this.#pipe({ from: this.#upstream, to: this.#agent, note: down, change: scrub });
  }

  #pipe(way: Way): void {
    const { from, to } = way;
    const on = <A extends unknown[]>(socket: Duplex, event: string, handler: (...args: A) => void): unknown =>
      this.#boundary.on(socket, event, handler);
    on(from, 'data', (chunk: Buffer) => this.#pass(way, chunk));
    on(to, 'drain', () => {
      if (from === this.#agent) this.#options.ahead?.release();
      if (to === this.#unheard) this.#listenAgain();
      if (from !== this.#agent || this.#unheard === undefined) from.resume();
    });
    on(from, 'end', () => this.#ended(way));
    on(from, 'error', () => this.#finish(from === this.#agent ? 'AGENT_GONE' : 'CONNECTION_FAILED'));
    on(from, 'close', () => this.#sideClosed(from));
    // It may have ended, or be gone, before anybody listened.
    if (from.destroyed) this.#sideClosed(from);
    else if (from.readableEnded) this.#ended(way);
    else from.resume();
  }

  /** The other direction goes on, unless the agent is gone. */
  #ended({ from, to }: Way): void {
    to.end();
    if (from !== this.#agent || this.#options.agentHalfCloses) return;
    this.#leftAt = this.#options.now();
    if (to.writableFinished) this.#finish('AGENT_GONE');
    else this.#boundary.on(to, 'finish', () => this.#finish('AGENT_GONE'));
  }

  #pass({ from, to, note, change }: Way, chunk: Buffer): void {
    this.#last = this.#options.now();
    const passed = note(chunk) ?? change?.(chunk) ?? chunk;
    if (typeof passed === 'string') this.#finish(passed);
    else if (passed.length > 0 && !to.write(passed) && !this.#readsOn(from, passed)) from.pause();
  }

  /** What is said here answers an agent: until it is taken, no more is taken of the agent. */
  #say(to: Duplex, bytes: Buffer): void {
    if (!this.#open || to.writableEnded || to.destroyed) return;
    this.#last = this.#options.now();
    if (bytes.length === 0 || to.write(bytes)) return;
    this.#unheard = to;
    this.#agent.pause();
    if (to === this.#agent) this.#upstream.pause();
  }

  #listenAgain(): void {
    this.#unheard = undefined;
    this.#agent.resume();
  }

  #readsOn(from: Duplex, passed: Buffer): boolean {
    return from === this.#agent && this.#options.ahead?.take(passed.length) === true;
  }

  /** A side whose two directions have ended waits for the other; one that is just gone takes the other with it. */
  #sideClosed(side: Duplex): void {
    this.#closed += 1;
    const isWhole = side.readableEnded && side.writableFinished;
    const isGone = side === this.#agent && !side.readableEnded;
    if (!isWhole || this.#closed === 2) this.#finish(isGone ? 'AGENT_GONE' : undefined);
  }

  #finish(error: string | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#stopTick();
    this.#options.ahead?.release();
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
