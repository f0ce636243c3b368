/**
 * A caller that writes its whole body before it reads a byte, as most HTTP libraries do: a connection closed meanwhile
 * is an error of the write, and whatever was answered is never seen.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const chunk = Buffer.alloc(64 * 1024, 'x');

/** The answer as text. Rejects when the connection breaks before all is written. */
export async function sendWholeThenRead(port: number, path: string, bytes: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const broken = once(socket, 'error').then(([error]) => Promise.reject(error as Error));
  broken.catch(() => undefined);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`);
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, bytes - sent));
    if (!socket.write(part)) await Promise.race([once(socket, 'drain'), broken]);
  }
  return Promise.race([text(socket), broken]);
}
