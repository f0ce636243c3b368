/** The gateway's own end of an agent's TLS: one handshake over a socket, with what to do when it succeeds or does not. */
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import type { Boundary } from '../boundary.ts';

/** HTTP/1.0 has a name of its own there, and its clients offer nothing else (RFC 7301, IANA). */
const protocols = ['h2', 'http/1.1', 'http/1.0'];

/** Owns `socket` from now on. Exactly one of the two is called, unless `socket` is gone before. */
export function acceptTls(
  socket: Socket,
  secureContext: SecureContext,
  boundary: Boundary,
  outcome: { readonly onSecure: (tls: TLSSocket) => void; readonly onFailed: () => void },
): void {
  const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: protocols });
  let secured = false;
  const failed = (): void => {
    if (!secured && !socket.destroyed) outcome.onFailed();
    socket.destroy();
  };
  boundary.on(tls, 'error', failed);
  boundary.on(tls, 'end', () => {
    if (!secured) failed();
  });
  boundary.on(tls, 'secure', () => {
    if (secured) return;
    secured = true;
    // tls.Server does this for its own sockets; node:http2 waits for it before it starts a session.
    Object.assign(tls, { secureConnecting: false });
    outcome.onSecure(tls);
  });
}
