/**
 * One OTLP/HTTP receiver and the connections to it: posts a parcel and tells what became of it. Apart from who decides what is sent
 * and when (parcel-courier.ts). It believes a receiver nothing but its status: an answer is read to a bound and a deadline, no
 * redirect is followed, and nothing it sends throws past its own request.
 */
import { request as requestHttp, type Agent, type IncomingMessage } from 'node:http';
import type { ExportFault } from '../../contract/index.ts';
import { Boundary } from '../boundary.ts';
import { parseRetryAfter } from '../fallback/retry-after.ts';
import type { Parcel } from './record-queue.ts';

export type Outcome = 'sent' | 'again' | 'refused';

export interface PostResult {
  readonly outcome: Outcome;
  /** The bytes were read to the end and nobody looks at them any more. */
  readonly reusable?: boolean;
  /** Why it was not sent. */
  readonly fault?: ExportFault;
  /** How long the receiver asks not to be called. */
  readonly afterMs?: number;
}

export interface OtlpReceiver {
  /** Base URL: `/v1/traces` and `/v1/logs` are added to its path. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Opens connections, verified where the endpoint is `https:`. */
  readonly agent: Agent;
  readonly request?: typeof requestHttp;
  /** What an answer of this status says of the parcel. */
  readonly outcomeOf: (status: number) => Outcome;
  /** Of what a connection failed with. */
  readonly faultOf?: (error: unknown) => ExportFault;
}

const silenceMs = 10_000;
const deadlineMs = 30_000;
/** Of an answer; what a receiver says in it is not read. */
const maxAnswerBytes = 64 * 1024;

const unreachable: ExportFault = { code: 'Unreachable' };
const timedOut: ExportFault = { code: 'TimedOut' };

export class OtlpSender {
  readonly #receiver: OtlpReceiver;
  readonly #onBroken: (error: unknown) => void;

  constructor(receiver: OtlpReceiver, onBroken: (error: unknown) => void = () => undefined) {
    this.#receiver = receiver;
    this.#onBroken = onBroken;
  }

  /** `done` is called once, never from within. */
  post({ signal, body }: Parcel, done: (result: PostResult) => void): void {
    const { endpoint, headers, agent, request: open = requestHttp, faultOf } = this.#receiver;
    let told = false;
    const tell = (result: PostResult): void => {
      if (told) return;
      told = true;
      clearTimeout(deadline);
      done(result);
    };
    const again = (fault: ExportFault): void => tell({ outcome: 'again', fault });
    const boundary = new Boundary(() => again(unreachable), this.#onBroken);
    const late = boundary.guard(() => {
      again(timedOut);
      request?.destroy();
    });
    const deadline = setTimeout(late, deadlineMs);
    const request = boundary.run(() => {
      const url = new URL(endpoint);
      url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${signal}`;
      return open({
        method: 'POST',
        agent,
        timeout: silenceMs,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
        path: `${url.pathname}${url.search}`,
        headers: {
          ...headers,
          host: url.host,
          'content-type': 'application/x-protobuf',
          'content-length': body.length,
        },
      });
    }, undefined);
    if (request === undefined) {
      // An endpoint that is no URL: nobody is there until the config says better.
      setImmediate(boundary.guard(() => again(unreachable)));
      return;
    }
    boundary.on(request, 'timeout', late);
    boundary.on(request, 'error', (error: unknown) => again(faultOf?.(error) ?? unreachable));
    boundary.on(request, 'response', (response: IncomingMessage) => {
      const answered = (): void => tell(this.#read(response, request.writableFinished));
      let read = 0;
      boundary.on(response, 'data', (chunk: Buffer) => {
        read += chunk.length;
        if (read <= maxAnswerBytes) return;
        answered();
        request.destroy();
      });
      boundary.on(response, 'end', answered);
      boundary.on(response, 'close', () => again(unreachable));
    });
    boundary.run(() => request.end(body), undefined);
  }

  #read({ statusCode = 500, headers }: IncomingMessage, isWhole: boolean): PostResult {
    const outcome = this.#receiver.outcomeOf(statusCode);
    // Not while the bytes may be on their way still: an answer before all was read, or a second attempt.
    if (outcome === 'sent') return { outcome, reusable: isWhole };
    const afterMs = parseRetryAfter(headers['retry-after'], Date.now());
    const fault: ExportFault = { code: 'Answered', status: statusCode };
    return { outcome, fault, ...(afterMs === undefined ? {} : { afterMs }) };
  }

  close(): void {
    this.#receiver.agent.destroy();
  }
}
