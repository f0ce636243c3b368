/**
 * An exchange that has become a WebSocket, until both sides are over. Apart from the exchange because nothing of HTTP is left: frames are
 * relayed, and where the policy or the record asks for it their messages are read (read-messages.ts).
 */
import type { Duplex } from 'node:stream';
import type { FrameScrubber } from '../scrub/index.ts';
import { readMessages, type SocketMessages } from './read-messages.ts';
import type { SocketParts } from './socket-parts.ts';
import type { ExchangeLog } from './exchange-log.ts';
import type { RelayResult } from './relay.ts';

interface Side {
  readonly socket: Duplex;
  /** Read already. */
  readonly rest: Buffer;
}

export interface UpgradedSides {
  readonly agent: Side;
  readonly upstream: Side;
  /** For what the upstream sends. */
  readonly frames: FrameScrubber;
}

const withVersion = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;

/** Of the records of its responses: the socket's own is what they belong to. */
function childOf(traceparent: string | undefined, spanId: string): string | undefined {
  const [, trace, flags] = withVersion.exec(traceparent ?? '') ?? [];
  return trace === undefined || flags === undefined ? undefined : `00-${trace}-${spanId}-${flags}`;
}

export class Upgraded {
  readonly #sides: UpgradedSides;
  readonly #messages: SocketMessages | undefined;
  readonly #parts: Omit<SocketParts, 'isWay'> & { readonly log: ExchangeLog };

  constructor(parts: Omit<SocketParts, 'isWay'> & { readonly log: ExchangeLog }, sides: UpgradedSides) {
    [this.#parts, this.#sides] = [parts, sides];
    const { context, inbound, log } = parts;
    if (parts.decision.messages === undefined) return;
    log.spanId = context.newId().replaceAll('-', '').slice(0, 16);
    const peer = { ...inbound.peer, traceparent: childOf(inbound.peer.traceparent, log.spanId) };
    this.#messages = readMessages({ ...parts, inbound: { ...inbound, peer } });
  }

  /** Calls `over` once. */
  begin(over: () => void): void {
    const { context, boundary, log } = this.#parts;
    const { agent, upstream, frames } = this.#sides;
    for (const { socket, rest } of [agent, upstream]) if (rest.length > 0) socket.unshift(rest);
    const sides = { agent: agent.socket, upstream: upstream.socket, frames, messages: this.#messages };
    const done = (result: RelayResult): void => {
      this.#messages?.close(result.error ?? 'SOCKET_CLOSED');
      log.relayed(result);
      over();
    };
    boundary.settle(context.relay(sides), done, boundary.rethrow);
  }

  /** False: what runs in it may not go on under the policy in force. */
  revalidate(): boolean {
    return this.#messages?.revalidate() ?? true;
  }

  /** The relay ends both sides when one of them goes. */
  destroy(error: string): void {
    this.#messages?.close(error);
    this.#sides.upstream.socket.destroy();
  }
}
