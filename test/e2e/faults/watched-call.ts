/** One call as its caller lives through it: what has come so far, and in the end what it may believe. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { header } from '../../../contract/index.ts';
import type { DevPlatform } from '../dev-platform.ts';
import { namespace } from '../agents.ts';

const paddingBytes = 4_000;
const trickleMs = 10;

export class WatchedCall {
  readonly id: string;
  /** What the caller may believe: `200, whole`, `200, cut`, `503 RECORDS_UNAVAILABLE`, `connection lost`. */
  readonly outcome: Promise<string>;
  #text = '';
  #trickled = 0;
  #trickling: NodeJS.Timeout | undefined;
  readonly #request: ClientRequest;

  /** `halved`: the end of its body is sent later. */
  constructor(platform: DevPlatform, agent: string, id: string, { halved = false } = {}) {
    this.id = id;
    this.#request = request({
      host: '127.0.0.1',
      port: platform.state.exposed['clrk-system/clrk-ingress'],
      method: 'POST',
      path: `/agents/${namespace}/${agent}/`,
      headers: { [header.invocationId]: id, 'content-length': id.length + (halved ? paddingBytes : 0) },
      agent: false,
    });
    this.outcome = new Promise((resolve) => {
      this.#request.on('error', () => {
        clearInterval(this.#trickling);
        resolve('connection lost');
      });
      this.#request.on('response', (response) => this.#read(response, resolve));
    });
    if (halved) this.#trickle();
    else this.#request.end(id);
  }

  /** What has come of the answer. */
  get text(): string {
    return this.#text;
  }

  sendRest(): void {
    clearInterval(this.#trickling);
    this.#request.end(this.id + ' '.repeat(paddingBytes - this.#trickled));
  }

  /** A body of which nothing came for a moment would be dispatched as it is: it never is quiet. */
  #trickle(): void {
    this.#request.flushHeaders();
    this.#trickling = setInterval(() => {
      if (this.#trickled === paddingBytes) return;
      this.#trickled += 1;
      this.#request.write(' ');
    }, trickleMs);
  }

  #read(response: IncomingMessage, resolve: (outcome: string) => void): void {
    const { statusCode = 0, headers } = response;
    response.on('data', (chunk: Buffer) => (this.#text += chunk.toString('latin1')));
    response.on('error', () => resolve(`${statusCode}, cut`));
    response.on('end', () => {
      if (statusCode !== 200) return resolve(`${statusCode} ${String(headers[header.errorCode])}`);
      // A whole answer tells the exit code; what failed on the way tells that.
      const told = { ...headers, ...response.trailers };
      const isWhole = told[header.exitCode] === '0' && told[header.errorCode] === undefined;
      resolve(isWhole ? '200, whole' : '200, cut');
    });
  }
}
