/** An agent as a gateway sees it: a connection that begins with an identity frame, TLS inside, HTTP/1.1 inside that. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { encodeIdentityFrame } from '../../../contract/index.ts';
import { honestCaller, numberAt, textAt, type Place, type SharedThing } from '../shared-thing.ts';

export const openHost = 'files.example.com';
export const providerHost = 'api.openai.com';
/** The upstream never answers this. */
export const silentPath = '/silent';

export class AgentClient {
  readonly #place: Place;
  readonly #name: string;

  constructor(place: Place, name: 'hello' | 'other') {
    this.#place = place;
    this.#name = name;
  }

  /** Its frame is sent. */
  async connect(hostname: string): Promise<Socket> {
    const port = numberAt(this.#place, 'port');
    const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true });
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    const frame = {
      source: { ip: '100.64.0.2', port: 40_000 },
      destination: { ip: '198.18.0.1', port: numberAt(this.#place, 'upstreamPort') },
      agentKind: 'TaskAgent',
      ...{ namespace: 'default', name: this.#name, uid: `u-${this.#name}` },
      ...{ revision: `${this.#name}-00001`, invocationId: `run-of-${this.#name}`, hostname },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      pool: 'default/pool',
      issuedAt: Date.now(),
      nonce: randomBytes(16).toString('hex'),
      gateway: textAt(this.#place, 'gateway'),
      gatewayAddress: `127.0.0.1:${port}`,
    } as const;
    socket.write(encodeIdentityFrame(frame, Buffer.from(textAt(this.#place, 'frameKey'), 'base64')));
    return socket;
  }

  async dial(hostname: string, alpn = 'http/1.1'): Promise<TLSSocket> {
    const socket = await this.connect(hostname);
    const ca = textAt(this.#place, 'caPem');
    const tls = connectTls({ socket, servername: hostname, ca, ALPNProtocols: [alpn] });
    tls.on('error', () => tls.destroy());
    await new Promise<void>((resolve, reject) => {
      tls.once('secureConnect', resolve);
      tls.once('close', () => reject(new Error('closed before the handshake')));
    });
    return tls;
  }

  /** One request on this connection; its status. */
  async ask(socket: TLSSocket, hostname: string, path: string, body: string): Promise<number> {
    const length = Buffer.byteLength(body);
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
    );
    return new Promise((resolve, reject) => {
      let text = '';
      const gone = (): void => reject(new Error('closed before the answer'));
      const heard = (chunk: Buffer): void => {
        text += chunk.toString('latin1');
        const [head = '', rest] = text.split('\r\n\r\n', 2);
        const whole = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (rest === undefined || rest.length < whole) return;
        socket.off('data', heard).off('close', gone);
        resolve(Number(head.slice(9, 12)));
      };
      socket.on('data', heard).once('close', gone);
    });
  }

  /** On a connection of its own, from frame to answer. Rejects unless it is 200. */
  async call(hostname: string, path: string, body: string): Promise<void> {
    const socket = await this.dial(hostname);
    try {
      const status = await this.ask(socket, hostname, path, body);
      if (status !== 200) throw new Error(`answered ${status}`);
    } finally {
      socket.destroy();
    }
  }
}

const chat = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] });

export function honestCalls(hostname: string, path: string): SharedThing['honest'] {
  return (place) => {
    const client = new AgentClient(place, 'hello');
    return honestCaller(() => client.call(hostname, path, chat));
  };
}
