/** Where workers bring connections: the one port a gateway listens on, in whichever of its processes that is. It reads nothing. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ports } from '../contract/index.ts';

const backlog = 1024;

export interface FrameListener {
  readonly server: Server;
  /** For people. */
  readonly address: string;
}

/** `paused`: nothing of a connection is read before somebody takes it. Rejects where it cannot listen. */
export async function listenForFrames(
  host: string,
  options: { readonly paused: boolean },
  onConnection: (socket: Socket) => void,
): Promise<FrameListener> {
  const server = createServer(
    { noDelay: true, allowHalfOpen: true, pauseOnConnect: options.paused },
    onConnection,
  );
  server.listen({ host, port: ports.egressFrame, backlog });
  await once(server, 'listening');
  return { server, address: `${host}:${ports.egressFrame}` };
}
