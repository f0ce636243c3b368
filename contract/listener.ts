/** Which listener of the gateway takes a connection, and what it may speak. Pure; the reference's rule (c). */
import type { GatewayListener } from './gateway-config.ts';

/** The reference's five listener shapes, best first for ties. */
const shapes = ['tls-terminate', 'https', 'http', 'tls-passthrough', 'tcp'] as const;
export type ListenerShape = (typeof shapes)[number];

export function shapeOf(listener: GatewayListener): ListenerShape {
  switch (listener.protocol) {
    case 'HTTP':
      return 'http';
    case 'HTTPS':
      return 'https';
    case 'TLS':
      return listener.tlsMode === 'Terminate' ? 'tls-terminate' : 'tls-passthrough';
    case 'TCP':
      return 'tcp';
    default:
      return listener.protocol satisfies never;
  }
}

/** Exact port beats catch-all, then shape priority; undefined: nobody listens. */
export function chooseListener(
  listeners: readonly GatewayListener[],
  port: number,
): GatewayListener | undefined {
  const exact = listeners.filter((listener) => listener.port === port);
  const candidates = exact.length > 0 ? exact : listeners.filter((listener) => listener.port === undefined);
  return [...candidates].sort((a, b) => shapes.indexOf(shapeOf(a)) - shapes.indexOf(shapeOf(b)))[0];
}

/** What a listener does with what the agent turned out to speak. */
export type ListenerAction = 'terminate' | 'http' | 'passthrough' | 'relay' | 'refuse';

export type Wire = 'tls' | 'http1' | 'h2-preface' | 'raw';

/**
 * A plain TCP catch-all listener inspects what it can: TLS is terminated unless a Passthrough listener was asked for.
 * Raw bytes go through only where the caller found an L4 rule.
 */
export function computeAction(shape: ListenerShape, wire: Wire): ListenerAction {
  switch (wire) {
    case 'tls':
      if (shape === 'tls-passthrough') return 'passthrough';
      return shape === 'http' ? 'refuse' : 'terminate';
    // HTTP/2 with prior knowledge is HTTP: it is read, never relayed.
    case 'http1':
    case 'h2-preface':
      return shape === 'http' || shape === 'tcp' ? 'http' : 'refuse';
    case 'raw':
      return shape === 'tcp' ? 'relay' : 'refuse';
    default:
      return wire satisfies never;
  }
}
