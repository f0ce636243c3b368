/**
 * What a refused caller is told: one table of codes, statuses and hints, and the JSON that carries them.
 * It must never carry more than the caller may know: no addresses, no names of other agents.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { header } from '../contract/index.ts';
import type { Call } from './call.ts';
import { sharedOriginHeaders } from './dispatch-header.ts';

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryAfterSeconds?: number;
}

export const problems = {
  notVouched: {
    status: 401,
    code: 'CALLER_NOT_VOUCHED',
    message: 'who this call is of is said by nobody who may say it, or is said of another call',
    hint: 'X-Clrk-Voucher is for the platform itself: leave it out, or call by the `invoke` subresource again.',
  },
  agentNotFound: {
    status: 404,
    code: 'AGENT_NOT_FOUND',
    message: 'there is no such agent that takes calls',
    hint: 'See `kubectl get taskagents -A`; a new agent is known a moment after it was applied.',
  },
  no_ready_revision: {
    status: 503,
    code: 'NO_READY_REVISION',
    message: 'no revision of the agent is ready yet',
    hint: 'See the RevisionReady condition of the agent.',
    retryAfterSeconds: 2,
  },
  at_max_concurrent: {
    status: 429,
    code: 'AT_MAX_CONCURRENT',
    message: 'the agent runs as many invocations as spec.maxConcurrent allows',
    hint: 'Try again later or raise spec.maxConcurrent.',
    retryAfterSeconds: 1,
  },
  no_ready_worker: {
    status: 503,
    code: 'NO_READY_WORKER',
    message: 'no worker of the agent’s pool can take the call',
    hint: 'See `kubectl get workerpools`.',
    retryAfterSeconds: 2,
  },
  bodyTooLarge: {
    status: 400,
    code: 'BODY_TOO_LARGE',
    message: 'the request body is over 32 MiB',
    hint: 'Put large input where the agent can fetch it and send the address.',
  },
  bodyStalled: {
    status: 408,
    code: 'BODY_STALLED',
    message: 'the request body stopped coming',
    hint: 'Send the whole body without long pauses.',
  },
  tooManyUploads: {
    status: 429,
    code: 'TOO_MANY_UPLOADS',
    message: 'too many calls of this caller, agent or namespace wait for the rest of their body',
    hint: 'Try again later; send bodies in one piece.',
    retryAfterSeconds: 1,
  },
  idUsed: {
    status: 409,
    code: 'INVOCATION_ID_USED',
    message: 'a call with this invocation id was made before',
    hint: 'It runs or has run once and is not run again: see its record, or use a new id.',
  },
  tooManyDeferred: {
    status: 429,
    code: 'TOO_MANY_DEFERRED',
    message: 'too many calls of this caller, agent or namespace run without their callers',
    hint: 'Fetch the results of those that run, or call without Prefer: respond-async.',
    retryAfterSeconds: 1,
  },
  resultsUnavailable: {
    status: 503,
    code: 'RESULTS_UNAVAILABLE',
    message: 'results cannot be kept or read now, or the namespace keeps as many as it may',
    hint: 'Call without Prefer: respond-async, or try again later: results are kept for an hour.',
    retryAfterSeconds: 5,
  },
  resultUnknown: {
    status: 404,
    code: 'RESULT_UNKNOWN',
    message: 'this caller made no such call of this agent with Prefer: respond-async',
    hint: 'Use the Location of the answer 202; records of all calls: `clrk get invocations`.',
  },
  resultOver: {
    status: 410,
    code: 'RESULT_OVER',
    message: 'the result was kept for its time and is gone',
    hint: 'What is recorded of the call stays: `clrk get invocations`.',
  },
  resultLost: {
    status: 502,
    code: 'RESULT_LOST',
    message: 'the ingress that ran the call went away before it had the answer',
    hint: 'The invocation may have had effects; see its record, and repeat it only if that is safe.',
  },
  resultCut: {
    status: 507,
    code: 'RESULT_CUT',
    message: 'the answer was longer than what is kept of one',
    hint: 'Add ?kept to get its beginning, which is all there is; call without Prefer: respond-async for long answers.',
  },
  resultBroken: {
    status: 502,
    code: 'RESULT_BROKEN',
    message: 'the run broke off before its answer had ended',
    hint: 'Add ?kept to get what had come; see the record of the invocation.',
  },
  noTrigger: {
    status: 404,
    code: 'NO_TRIGGER',
    message: 'no agent of the namespace has a trigger for this subject',
    hint: 'See spec.triggers of its TaskAgents; a new one is known a moment after it was applied.',
  },
  eventInvalid: {
    status: 400,
    code: 'EVENT_INVALID',
    message: 'the event is no CloudEvent that can be kept: its JSON, its attributes or their size',
    hint: 'Attributes take 8 KiB together and are printable text; without ce- headers any body is an event.',
  },
  eventTooLarge: {
    status: 413,
    code: 'EVENT_TOO_LARGE',
    message: 'an event is at most 64 KiB with its attributes',
    hint: 'Put large data where the agent can fetch it and send the address.',
  },
  eventsFull: {
    status: 503,
    code: 'EVENTS_UNAVAILABLE',
    message: 'events cannot be kept now, or as many wait as the namespace may have',
    hint: 'Publish again later; see condition Triggered of the agents.',
    retryAfterSeconds: 5,
  },
  methodOfEvent: {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: 'an event is published with POST',
  },
  methodOfResult: {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: 'a result is fetched with GET',
  },
  timeout: {
    status: 504,
    code: 'INVOCATION_TIMEOUT',
    message: 'the agent did not answer within its timeout',
    hint: 'Raise spec.timeout (at most 5 minutes).',
  },
  workerLost: {
    status: 502,
    code: 'WORKER_LOST',
    message: 'the worker went away before the agent had answered',
    hint: 'The invocation may have had effects; repeat it only if that is safe.',
  },
  recordsFull: {
    status: 503,
    code: 'RECORDS_UNAVAILABLE',
    message: 'invocation records cannot be written now',
    hint: 'The event store is away; calls are refused rather than run without a record.',
    retryAfterSeconds: 5,
  },
  notConfigured: {
    status: 503,
    code: 'INGRESS_NOT_READY',
    message: 'the ingress has no configuration yet',
    retryAfterSeconds: 2,
  },
  draining: {
    status: 503,
    code: 'INGRESS_DRAINING',
    message: 'this ingress is shutting down',
    retryAfterSeconds: 1,
  },
  internal: {
    status: 500,
    code: 'INTERNAL',
    message: 'the ingress failed',
    hint: 'See the ingress log.',
  },
} as const satisfies Readonly<Record<string, Problem>>;

/** Answers, so that even a caller who is still sending reads it; cuts an answer that has already begun. */
export function sendProblem(call: Call, problem: Problem, more: OutgoingHttpHeaders = {}): void {
  const { answer } = call;
  if (answer.closed) return;
  if (answer.begun) {
    answer.cut();
    return;
  }
  const { code, message, hint } = problem;
  const body = Buffer.from(`${JSON.stringify({ code, message, ...(hint === undefined ? {} : { hint }) })}\n`);
  const headers: OutgoingHttpHeaders = {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    ...sharedOriginHeaders,
    [header.errorCode]: code,
    ...more,
  };
  if (problem.retryAfterSeconds !== undefined) headers['retry-after'] = String(problem.retryAfterSeconds);
  // A body that was not read would be taken for the next request.
  if (!call.complete) headers.connection = 'close';
  answer.begin({ status: problem.status, headers });
  void answer.write(body);
  call.endAfterBody(() => answer.end());
}
