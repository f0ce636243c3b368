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
export function sendProblem(call: Call, problem: Problem): void {
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
  };
  if (problem.retryAfterSeconds !== undefined) headers['retry-after'] = String(problem.retryAfterSeconds);
  // A body that was not read would be taken for the next request.
  if (!call.complete) headers.connection = 'close';
  answer.begin({ status: problem.status, headers });
  void answer.write(body);
  call.endAfterBody(() => answer.end());
}
