/** A gateway that speaks the identity frame: checks it, answers plain HTTP with what it knows about the caller. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { parseIdentityFrame, type IdentityFrame } from '../../contract/index.ts';

export class TestGateway {
  readonly frames: IdentityFrame[] = [];
  readonly received: Buffer[] = [];
  readonly #key: Uint8Array;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  invalid = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let seen = Buffer.alloc(0);
    let frame: IdentityFrame | undefined;
    let answered = false;
    socket.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk]);
      if (frame === undefined) {
        const result = parseIdentityFrame(seen, () => ({ key: this.#key, agents: { has: () => true } }), {
          gateway: 'default/gw',
          gatewayAddress: this.address,
        });
        if (result.status === 'invalid') {
          this.invalid += 1;
          socket.destroy();
        }
        if (result.status !== 'ok') return;
        frame = result.frame;
        this.frames.push(frame);
        seen = seen.subarray(result.byteLength);
      }
      this.received.push(Buffer.from(seen));
      if (!answered && seen.includes('\r\n\r\n')) {
        answered = true;
        const body = `gateway saw ${frame.hostname ?? frame.destination.ip}:${frame.destination.port}\n`;
        socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
