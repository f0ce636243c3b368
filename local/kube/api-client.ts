/**
 * A small JSON client of the development API server: requests, server-side apply and streaming watches over one
 * keep-alive agent. Apart from @kubernetes/client-node because the supervisor handles raw objects of any kind,
 * needs abortable streams, and must start in milliseconds. Answers are bounded; errors carry the server's reason.
 */
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { ClrkError, errorMessage } from '../../contract/index.ts';

export interface ApiAccess {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  readonly token: string;
}

export class KubeApiError extends ClrkError {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super('KUBE_API', message, { retryable: status === 409 || status === 429 || status >= 500 });
    this.status = status;
    this.reason = reason;
  }
}

// The largest list here (200 CRDs, pods, secrets) is far below; guards against a runaway answer.
const maxAnswerBytes = 64 * 1024 * 1024;
const requestTimeoutMs = 30_000;

export interface SendOptions {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export class ApiClient {
  readonly access: ApiAccess;
  readonly #agent: Agent;

  constructor(access: ApiAccess) {
    this.access = access;
    this.#agent = new Agent({ keepAlive: true, ca: access.caPem, maxSockets: 64 });
  }

  close(): void {
    this.#agent.destroy();
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await this.send('GET', path, signal === undefined ? {} : { signal })) as T;
  }

  /** Undefined on 404. */
  async find<T>(path: string): Promise<T | undefined> {
    return this.get<T>(path).catch((error: unknown) => {
      if (error instanceof KubeApiError && error.status === 404) return undefined;
      throw error;
    });
  }

  /** JSON answer of any verb; text when it is not JSON. */
  async send(method: string, path: string, options: SendOptions = {}): Promise<unknown> {
    const response = await this.open(method, path, options);
    const text = (await readBounded(response)).toString('utf8');
    const status = response.statusCode ?? 0;
    if (status >= 400) throw toApiError(status, text, `${method} ${path}`);
    return (response.headers['content-type'] ?? '').includes('json') ? (JSON.parse(text) as unknown) : text;
  }

  /** Server-side apply; takes the fields from whoever else held them. */
  async apply(path: string, object: unknown, fieldManager: string): Promise<unknown> {
    return this.send('PATCH', `${path}?fieldManager=${fieldManager}&force=true`, {
      body: object,
      contentType: 'application/apply-patch+yaml',
    });
  }

  /** The raw answer; the caller reads or destroys it. */
  open(method: string, path: string, options: SendOptions = {}): Promise<IncomingMessage> {
    const body = options.body === undefined ? undefined : toBuffer(options.body);
    const requestOptions: RequestOptions = {
      host: this.access.host,
      port: this.access.port,
      agent: this.#agent,
      method,
      path,
      timeout: options.timeoutMs ?? requestTimeoutMs,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${this.access.token}`,
        ...(body === undefined
          ? {}
          : { 'content-type': options.contentType ?? 'application/json', 'content-length': body.length }),
        ...options.headers,
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(requestOptions, resolve);
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', (cause) =>
        reject(
          new ClrkError('KUBE_UNREACHABLE', `${method} ${path}: ${errorMessage(cause)}`, {
            cause,
            retryable: true,
          }),
        ),
      );
      sent.end(body);
    });
  }
}

function toBuffer(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

export async function readBounded(response: IncomingMessage, limit = maxAnswerBytes): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new ClrkError('KUBE_ANSWER_TOO_LARGE', `answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function toApiError(status: number, text: string, what: string): KubeApiError {
  try {
    const { reason, message } = JSON.parse(text) as { reason?: string; message?: string };
    return new KubeApiError(status, reason ?? '', message ?? `${what}: HTTP ${status}`);
  } catch {
    return new KubeApiError(status, '', `${what}: HTTP ${status} ${text.slice(0, 200)}`);
  }
}
