/**
 * Asks one token endpoint once, over a connection that the dialler judged and verified. It follows no redirect, reads an answer to a
 * bound and a deadline, and nothing an endpoint sends throws past its own question.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { readTokenEndpoint, type TokenNeed } from '../../decision/index.ts';
import { Boundary } from '../boundary.ts';
import { parseRetryAfter } from '../fallback/retry-after.ts';
import type { Dialled } from '../upstream/dialler.ts';
import type { UpstreamTarget } from '../../decision/index.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { fault, readTokenAnswer, type TokenAnswer } from './token-answer.ts';
import type { TokenRequest } from './token-request.ts';

export interface TokenClientOptions {
  readonly dial: (
    target: UpstreamTarget,
    options: { readonly mayBePrivate: boolean; readonly owner: string },
  ) => Promise<Dialled>;
  readonly now: () => number;
  readonly onBroken: (error: unknown) => void;
  /** Of a whole question. */
  readonly deadlineMs?: number;
}

const usualDeadlineMs = 10_000;
const maxAnswerBytes = 64 * 1024;

const late = fault('TimedOut', 'the token endpoint did not answer in time');
const unreachable = fault('Unreachable', 'the token endpoint cannot be reached');
const tooLong = fault('Malformed', 'the token endpoint answered with more than 64 KiB');

function faultOf(error: unknown): TokenAnswer {
  if (!(error instanceof UpstreamError)) return unreachable;
  if (error.code === 'UPSTREAM_TIMEOUT') return late;
  if (error.code === 'UPSTREAM_TLS')
    return fault('TlsRefused', 'the token endpoint has no certificate that is trusted');
  return error.code === 'ADDRESS_DENIED'
    ? fault('AddressRefused', 'the token endpoint is at an address that may not be reached')
    : unreachable;
}

export class TokenClient {
  readonly #options: TokenClientOptions;

  constructor(options: TokenClientOptions) {
    this.#options = options;
  }

  /** `done` is called once, never from within. */
  ask(need: TokenNeed, request: TokenRequest, done: (answer: TokenAnswer) => void): void {
    const { dial, onBroken, deadlineMs = usualDeadlineMs } = this.#options;
    const endpoint = readTokenEndpoint(need.inject.endpoint);
    let end = (): void => undefined;
    let told = false;
    const tell = (answer: TokenAnswer): void => {
      if (told) return;
      told = true;
      clearTimeout(timer);
      end();
      done(answer);
    };
    const boundary = new Boundary(() => tell(unreachable), onBroken);
    const timer = setTimeout(
      boundary.guard(() => tell(late)),
      deadlineMs,
    );
    if (endpoint === undefined) {
      setImmediate(boundary.guard(() => tell(unreachable)));
      return;
    }
    const { hostname, port, target } = endpoint;
    const to = { hostname, ip: undefined, port, tls: true };
    const owner = `${need.namespace}/${need.name}`;
    boundary.settle(
      dial(to, { mayBePrivate: need.mayBePrivate, owner }),
      ({ socket }) => {
        if (told) return void socket.destroy();
        end = () => socket.destroy();
        const host = port === 443 ? hostname : `${hostname}:${port}`;
        this.#post({ ...request, host, target }, socket, { boundary, tell });
      },
      (error) => tell(faultOf(error)),
    );
  }

  #post(
    { headers, body, host, target }: TokenRequest & { readonly host: string; readonly target: string },
    socket: Dialled['socket'],
    { boundary, tell }: { readonly boundary: Boundary; readonly tell: (answer: TokenAnswer) => void },
  ): void {
    const sent = requestHttp({
      method: 'POST',
      path: target,
      createConnection: () => socket,
      headers: {
        ...headers,
        host,
        accept: 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
        connection: 'close',
      },
    });
    boundary.on(sent, 'error', () => tell(unreachable));
    boundary.on(sent, 'response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let length = 0;
      boundary.on(response, 'data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > maxAnswerBytes) tell(tooLong);
      });
      boundary.on(response, 'error', () => tell(unreachable));
      boundary.on(response, 'close', () => tell(unreachable));
      boundary.on(response, 'end', () => {
        const waitMs = parseRetryAfter(response.headers['retry-after'], this.#options.now());
        tell(readTokenAnswer(response.statusCode ?? 500, Buffer.concat(chunks), waitMs));
      });
    });
    sent.end(body);
  }
}
