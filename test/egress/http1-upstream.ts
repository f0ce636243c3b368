/** A scripted HTTP/1.1 upstream: reads whole requests off a socket and answers each with the text a test gives. */
import type { TLSSocket } from 'node:tls';
import { createRequestDecoder, type RequestHead } from '../../egress/http1/index.ts';

export interface SeenRequest {
  readonly head: RequestHead;
  readonly body: string;
}

export function header(request: SeenRequest, name: string): string | undefined {
  return request.head.fields.find((field) => field.name === name)?.value;
}

export function serveHttp1(
  seen: SeenRequest[],
  answer: (request: SeenRequest, socket: TLSSocket) => string | Buffer | undefined,
): (socket: TLSSocket) => void {
  return (socket) => {
    const decoder = createRequestDecoder();
    let head: RequestHead | undefined;
    let body = '';
    socket.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        if (event.type === 'head') head = event.head;
        else if (event.type === 'data') body += event.bytes.toString('utf8');
        else if (head !== undefined) {
          const request = { head, body };
          seen.push(request);
          body = '';
          const text = answer(request, socket);
          if (text !== undefined) socket.write(text, 'latin1');
        }
      }
    });
  };
}

export function json(status: number, value: unknown, extra = ''): string {
  const body = JSON.stringify(value);
  return `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\n${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
