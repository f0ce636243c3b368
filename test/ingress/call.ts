/** One HTTP/1.1 call with everything visible: status, headers, trailers, and how the body ended. */
import { Agent, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
  /** False when the connection broke before the end. */
  readonly complete: boolean;
}

export interface CallOptions {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  readonly signal?: AbortSignal;
  readonly onData?: (text: string) => void;
}

export function call(options: CallOptions): Promise<Answer> {
  const { port, path = '/agents/shop/hello/', method = 'POST', headers = {}, body = '', signal } = options;
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const outgoing = request(
      { host: '127.0.0.1', port, path, method, headers, agent, ...(signal === undefined ? {} : { signal }) },
      (response) => {
        let text = '';
        const done = (): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            trailers: response.trailers,
            body: text,
            complete: response.complete,
          });
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          options.onData?.(chunk.toString());
        });
        response.on('error', done);
        response.on('end', done);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
