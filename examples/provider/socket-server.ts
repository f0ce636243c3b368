/** The socket side of a WebSocket that the stand-in serves: its handshake, and one answer of texts for each text. */
import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { FrameAssembler, writeFrame } from './socket-frames.ts';

/** Of RFC 6455. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function acceptSocket(key: string): string {
  const accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
  const fields = [`Sec-WebSocket-Accept: ${accept}`, 'Upgrade: websocket', 'Connection: Upgrade'];
  return `HTTP/1.1 101 Switching Protocols\r\n${fields.join('\r\n')}\r\n\r\n`;
}

export function refuseSocket(status: number): string {
  return `HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
}

const [text, close, ping, pong] = [1, 8, 9, 10];

export function serveSocket(socket: Duplex, answer: (message: string) => readonly string[]): void {
  const frames = new FrameAssembler();
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    for (const { opcode, payload } of frames.push(chunk)) {
      if (opcode === close) socket.end(writeFrame(close, payload));
      else if (opcode === ping) socket.write(writeFrame(pong, payload));
      else if (opcode === text) {
        for (const event of answer(payload.toString('utf8')))
          socket.write(writeFrame(text, Buffer.from(event)));
      }
    }
  });
}
