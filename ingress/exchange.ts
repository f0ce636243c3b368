/**
 * One admitted call from its first worker to its end: tries workers until one takes it, relays the answer, and says
 * how it ended. It must never try a second worker once one may have run the call.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { header, type WorkerStatus } from '../contract/index.ts';
import type { CallAnswer } from '../process/index.ts';
import { renderAnswerHeaders } from './dispatch-header.ts';
import { relay } from './relay.ts';
import type { RequestBody } from './request-body.ts';
import type { WorkerCall, WorkerReply } from './worker-client.ts';
import { parseRefusal } from './worker-refusal.ts';

export interface ExchangeOptions {
  readonly call: (call: WorkerCall) => Promise<WorkerReply>;
  readonly workers: readonly WorkerStatus[];
  /** `namespace/name` of the agent's pool. */
  readonly pool: string;
  readonly invocationId: string;
  readonly request: { readonly method: string; readonly path: string; readonly headers: OutgoingHttpHeaders };
  readonly body: RequestBody;
  readonly answer: CallAnswer;
  /** Aborted with reason `timeout` or `callerGone` or `shutdown`. */
  readonly signal: AbortSignal;
  /** Told before each attempt; gives what is to be called when the attempt is over. */
  readonly onAttempt: (worker: WorkerStatus) => () => void;
}

export type ExchangeEnd =
  | {
      readonly kind: 'answered';
      readonly worker: WorkerStatus;
      readonly status: number;
      readonly bytes: number;
      readonly errorCode: string | undefined;
    }
  /** No worker took it; the last one's own words, if any had words. */
  | {
      readonly kind: 'refused';
      readonly code: string | undefined;
      readonly reply: IncomingMessage | undefined;
    }
  | { readonly kind: 'workerLost'; readonly worker: WorkerStatus; readonly status: number | undefined }
  | { readonly kind: 'timeout' | 'callerGone' | 'shutdown' | BodyFault };

/** What made a body one that cannot be sent on. */
type BodyFault = 'bodyTooLarge' | 'bodyStalled';

const bodyFaults: Readonly<Record<string, BodyFault>> = {
  BODY_TOO_LARGE: 'bodyTooLarge',
  BODY_STALLED: 'bodyStalled',
};

function bodyFaultOf(error: Error | undefined): BodyFault | undefined {
  return error !== undefined && 'code' in error ? bodyFaults[String(error.code)] : undefined;
}

function abortKind(signal: AbortSignal): 'timeout' | 'callerGone' | 'shutdown' {
  return signal.reason === 'timeout' || signal.reason === 'shutdown' ? signal.reason : 'callerGone';
}

/** In the head, or in the trailers of what was cut after it had begun. */
function errorCodeOf(reply: IncomingMessage): string | undefined {
  const code = reply.headers[header.errorCode] ?? reply.trailers[header.errorCode];
  return typeof code === 'string' ? code : undefined;
}

type Step =
  { readonly end: ExchangeEnd } | { readonly next: IncomingMessage | undefined; readonly code?: string };

async function finish(
  options: ExchangeOptions,
  worker: WorkerStatus,
  reply: IncomingMessage,
): Promise<ExchangeEnd> {
  const headers = renderAnswerHeaders(reply.headers, options.invocationId, worker.address);
  // From here on no other worker is asked.
  options.body.commit();
  const end = await relay(reply, options.answer, headers, options.signal);
  const status = reply.statusCode ?? 502;
  if (options.signal.aborted) return { kind: abortKind(options.signal) };
  if (end.kind === 'callerGone') return { kind: 'callerGone' };
  if (end.kind === 'workerLost') {
    const fault = bodyFaultOf(options.body.failure);
    return fault === undefined ? { kind: 'workerLost', worker, status } : { kind: fault };
  }
  return { kind: 'answered', worker, status, bytes: end.bytes, errorCode: errorCodeOf(reply) };
}

/** A refusal, to be tried elsewhere or not, or the invocation's answer. */
async function judge(options: ExchangeOptions, worker: WorkerStatus, reply: IncomingMessage): Promise<Step> {
  if (options.signal.aborted) return { end: { kind: abortKind(options.signal) } };
  const refusal = parseRefusal(reply.statusCode ?? 0, errorCodeOf(reply));
  if (refusal === undefined) return { end: await finish(options, worker, reply) };
  if (refusal.another && options.body.repeatable) return { next: reply, code: refusal.code };
  return { end: { kind: 'refused', code: refusal.code, reply } };
}

async function attempt(options: ExchangeOptions, worker: WorkerStatus): Promise<Step> {
  const { method, path, headers } = options.request;
  const { body, signal, pool } = options;
  const reply = await options.call({ address: worker.address, pool, method, path, headers, body, signal });
  if (reply.kind === 'answered') return judge(options, worker, reply.response);
  if (reply.kind === 'badBody') {
    return { end: { kind: bodyFaultOf(reply.error) ?? 'callerGone' } };
  }
  if (signal.aborted) return { end: { kind: abortKind(signal) } };
  return reply.kind === 'lost'
    ? { end: { kind: 'workerLost', worker, status: undefined } }
    : { next: undefined };
}

export async function runExchange(options: ExchangeOptions): Promise<ExchangeEnd> {
  let last: { reply: IncomingMessage | undefined; code: string | undefined } | undefined;
  for (const worker of options.workers) {
    // The one before said no; its few bytes are read away so that its connection can be used again.
    last?.reply?.resume();
    const ended = options.onAttempt(worker);
    try {
      const step = await attempt(options, worker);
      if ('end' in step) return step.end;
      // A worker that could not be reached has nothing to say; what an earlier one said is still the best answer.
      last = { reply: step.next, code: step.code ?? last?.code };
    } finally {
      ended();
    }
  }
  return { kind: 'refused', code: last?.code, reply: last?.reply };
}
