/**
 * A call as the dispatcher takes it: what it says of itself, a body in, an answer out, and how to stop reading it. HTTP is
 * one kind (httpCall). Nothing behind the dispatch port knows another.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpAnswer, type CallAnswer } from '../../process/index.ts';
import { DispatchError } from './dispatch-error.ts';
import { readBody } from './request-body.ts';

/** Lower-case names; of repeated ones the first. */
export type CallHeaders = Readonly<Record<string, string | undefined>>;

export interface Call {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: CallHeaders;
  readonly answer: CallAnswer;
  /** All of it. Throws a DispatchError. */
  readBody(): Promise<Buffer>;
  /** The body that has not come yet is not wanted: reading it fails. The answer may still be given. */
  stopReading(): void;
  /** After the answer: what still comes of the body is nobody's. */
  close(): void;
}

export function httpCall(request: IncomingMessage, response: ServerResponse): Call {
  const stopped = new AbortController();
  // The caller may break off at any time; the answer's end tells of it.
  request.on('error', () => undefined);
  const first = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);
  return {
    method: request.method ?? 'POST',
    url: request.url ?? '/',
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, first(value)])),
    answer: new HttpAnswer(response),
    readBody: () => Promise.race([readBody(request), abandoned(stopped.signal)]),
    stopReading: () => stopped.abort(),
    close: () => {
      if (!request.complete) request.destroy();
    },
  };
}

function abandoned(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void =>
      reject(new DispatchError('BAD_REQUEST', 'the request body had not come in time', 'Send it faster.'));
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
}
