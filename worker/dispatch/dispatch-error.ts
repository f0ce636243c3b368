/**
 * What a caller gets when one of our processes (not the agent) refuses or fails: status, stable code, what to do.
 * Apart so that every error body has one shape: JSON `{ code, message, hint }` and the header `x-clrk-error-code`.
 */
import { ClrkError, header } from '../../contract/index.ts';
import type { CallAnswer } from '../../process/index.ts';

const statusOf = {
  BAD_REQUEST: 400,
  BODY_TOO_LARGE: 400,
  AGENT_NOT_FOUND: 404,
  AT_MAX_CONCURRENT: 429,
  AT_CAPACITY: 429,
  SANDBOX_FAILED: 500,
  NON_ZERO_EXIT: 500,
  OUT_OF_MEMORY: 500,
  NO_RESPONSE: 502,
  RESPONSE_TOO_LARGE: 502,
  CONFIG_NOT_LOADED: 503,
  WORKER_DRAINING: 503,
  NO_READY_REVISION: 503,
  IMAGE_NOT_READY: 503,
  EGRESS_NOT_READY: 503,
  RECORDS_UNAVAILABLE: 503,
  /** After the agent ran: unlike WORKER_DRAINING it must not lead to a second run elsewhere. */
  WORKER_STOPPED: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

export type DispatchErrorCode = keyof typeof statusOf;

export class DispatchError extends ClrkError {
  readonly status: number;

  constructor(code: DispatchErrorCode, message: string, hint: string) {
    super(code, message, {
      hint,
      retryable: code !== 'WORKER_STOPPED' && (statusOf[code] === 429 || statusOf[code] === 503),
    });
    this.status = statusOf[code];
  }
}

/** Answers with the error. The caller has made sure that no byte of a response was sent. */
export function sendError(
  answer: CallAnswer,
  error: DispatchError,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify({ code: error.code, message: error.message, hint: error.hint });
  answer.begin({
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      [header.errorCode]: error.code,
      ...headers,
    },
  });
  void answer.write(Buffer.from(body));
  answer.end();
}
