/**
 * How many connections and streams one process of a gateway has, so that all processes of a pod have together what one alone has.
 * Pure.
 */
import { maxPerAgent } from './door.ts';
import { maxStreamsOfConnection } from './http2-session.ts';

/** Connections, and streams of HTTP/2, of all agents of a pod. */
const maxTotal = 10_000;

export interface GatewayBounds {
  readonly total: number;
  /** On all its connections together, because each may need a connection of its own at the upstream. */
  readonly streamsOfAgent: number;
}

/**
 * Nobody chooses which process a connection comes to, and a connection may have all the streams it was told it may: with more than
 * five processes an agent that opens a connection at each has more streams than with one, never more connections (door.ts).
 */
export function boundsOf(processes: number): GatewayBounds {
  return {
    total: Math.ceil(maxTotal / processes),
    streamsOfAgent: Math.max(maxStreamsOfConnection, Math.floor(maxPerAgent / processes)),
  };
}
