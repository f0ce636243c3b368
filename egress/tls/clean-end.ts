/**
 * Did the TLS peer end its side by close_notify, or did only TCP end (RFC 8446 6.1)? node says the same for both, so a body that
 * lasts until the end of the connection could be cut by anybody on the path. What is seen here: close_notify is bytes, so it
 * comes either with the last data, in the same turn of the event loop, or as more bytes after it. A bare FIN is neither.
 */
import type { Socket } from 'node:net';

/** Watches `socket`, the TLS one over `carrier`, from inside of one of its `data` events. True of what says: it ended by itself. */
export function watchCleanEnd(socket: Socket, carrier: Socket): () => boolean {
  let clean = true;
  let received = 0;
  let sameTurn = false;
  const mark = (): void => {
    received = carrier.bytesRead;
    if (sameTurn) return;
    sameTurn = true;
    setImmediate(() => {
      sameTurn = false;
    });
  };
  mark();
  const push = socket.push.bind(socket);
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) clean = sameTurn || carrier.bytesRead !== received;
    else mark();
    return push(chunk, encoding);
  };
  return () => clean;
}
