/**
 * A WebSocket between two sockets: frames are looked at both ways, what the upstream says is searched for secrets, and an agent
 * that leaves takes the upstream's side with it. Whether it left or said goodbye (RFC 6455 7.1.2) is told apart.
 */
import type { Duplex } from 'node:stream';
import type { FrameScrubber } from '../scrub/index.ts';
import type { SocketMessages } from './socket-parts.ts';
import { relay, type RelayOptions, type RelayResult } from './relay.ts';
import { FrameInspector } from './websocket.ts';

export interface WebSocketSides {
  readonly agent: Duplex;
  readonly upstream: Duplex;
  readonly frames: FrameScrubber;
  /** undefined: nobody reads what is said. */
  readonly messages: SocketMessages | undefined;
}

/** Resolves when both directions are over. Owns both sockets. */
export async function relayWebSocket(
  { agent, upstream, frames, messages }: WebSocketSides,
  options: Omit<RelayOptions, 'inspect' | 'scrub' | 'rewrite' | 'onOpen' | 'agentHalfCloses'>,
): Promise<RelayResult> {
  const up = new FrameInspector('agent');
  const down = new FrameInspector('upstream');
  const pass = (part: Buffer): Buffer | string => {
    const passed = frames.push(part);
    return frames.stopped ?? passed;
  };
  const result = await relay(agent, upstream, {
    ...options,
    // A WebSocket has a goodbye of its own; nobody half-closes below it.
    agentHalfCloses: false,
    inspect: { up: (chunk) => up.push(chunk), down: (chunk) => down.push(chunk) },
    scrub: (chunk) => messages?.fromUpstream(chunk, pass) ?? pass(chunk),
    ...(messages === undefined
      ? {}
      : {
          rewrite: (chunk) => messages.fromAgent(chunk),
          onOpen: (ports) => messages.open(ports),
        }),
  });
  const saidGoodbye = up.closes || down.closes;
  return result.error === 'AGENT_GONE' && saidGoodbye ? { ...result, error: undefined } : result;
}
