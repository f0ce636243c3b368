/**
 * Bytes both ways between two sockets, counted, with back-pressure and an idle limit. Apart because raw TCP, TLS
 * passthrough and WebSocket share it; an inspector may end it at any chunk.
 */
import type { Duplex } from 'node:stream';

export interface RelayResult {
  readonly up: number;
  readonly down: number;
  readonly error: string | undefined;
}

export interface RelayOptions {
  readonly idleMs: number;
  readonly now: () => number;
  /** The reason to end, or undefined. */
  readonly inspect?: { up(chunk: Buffer): string | undefined; down(chunk: Buffer): string | undefined };
  /** Called with a function that is to be called about once a second. */
  readonly onTick: (tick: (now: number) => void) => () => void;
}

/** Resolves when both directions are over. Owns both sockets. */
export function relay(agent: Duplex, upstream: Duplex, options: RelayOptions): Promise<RelayResult> {
  return new Promise((resolve) => {
    let up = 0;
    let down = 0;
    let last = options.now();
    let error: string | undefined;
    let open = true;
    const stopTick = options.onTick((now) => {
      if (now - last > options.idleMs) finish('IDLE');
    });
    function finish(reason: string | undefined): void {
      if (!open) return;
      open = false;
      error = reason;
      stopTick();
      agent.destroy();
      upstream.destroy();
      resolve({ up, down, error });
    }
    function pipe(from: Duplex, to: Duplex, note: (chunk: Buffer) => string | undefined): void {
      from.on('data', (chunk: Buffer) => {
        last = options.now();
        const reason = note(chunk);
        if (reason !== undefined) finish(reason);
        else if (!to.write(chunk)) from.pause();
      });
      to.on('drain', () => from.resume());
      from.on('end', () => to.end());
      from.on('error', () => finish('CONNECTION_FAILED'));
      from.on('close', () => {
        if (to.destroyed || to.writableFinished || from.errored !== null) finish(undefined);
        else to.end();
      });
    }
    pipe(agent, upstream, (chunk) => {
      up += chunk.length;
      return options.inspect?.up(chunk);
    });
    pipe(upstream, agent, (chunk) => {
      down += chunk.length;
      return options.inspect?.down(chunk);
    });
    agent.resume();
    upstream.resume();
  });
}
