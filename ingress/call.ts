/**
 * A call as the front door takes it: what it says of itself, a body in, an answer out. Calls over HTTP are here; those of
 * schedules in scheduled-call.ts.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { HttpAnswer, type CallAnswer } from '../process/index.ts';
import { lingerUntilSent } from './linger.ts';
import { RequestBody } from './request-body.ts';
import type { KeptBytes } from './share.ts';

/** `used`: a call with this id was made before. `doubt`: nothing can be kept now. */
export type Preparation = 'ready' | 'used' | 'doubt';

/** What a run does with a call whose caller does not wait. */
export interface Deferral {
  /** Where the answer will be. */
  readonly location: string;
  /** Before anything is claimed or runs. */
  prepare(): Promise<Preparation>;
  /** It runs from here on, whoever is there. */
  accept(): void;
}

export interface Call {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The address it comes from. */
  readonly peer: string;
  readonly answer: CallAnswer;
  /** Its caller does not wait. */
  readonly deferral?: Deferral;
  /** Everything it has to say has been read. */
  readonly complete: boolean;
  /** Has it a body at all? */
  readonly hasBody: boolean;
  /** Throws BODY_TOO_LARGE when that is announced. To be called once. */
  openBody(kept: KeptBytes): RequestBody;
  /** Ends an answer that was given early, once whoever calls can read it. */
  endAfterBody(end: () => void): void;
}

export function httpCall(request: IncomingMessage, response: ServerResponse): Call {
  // Without a listener a broken connection would end the process.
  request.on('error', () => undefined);
  const { headers } = request;
  const announced = headers['content-length'];
  return {
    method: request.method ?? 'GET',
    url: request.url ?? '',
    headers,
    peer: request.socket.remoteAddress ?? '',
    answer: new HttpAnswer(response),
    get complete() {
      return request.complete;
    },
    hasBody: headers['transfer-encoding'] !== undefined || (announced !== undefined && announced !== '0'),
    openBody: (kept) => new RequestBody(request, { kept }),
    endAfterBody: (end) => lingerUntilSent(request, end),
  };
}
