/**
 * One call of an agent at the front door: admission, dispatch, answer, and the events that record it. The order is
 * the promise: room for its events before anything else, the decision and the count of it in one breath, and every
 * call that was dispatched ends in a terminal event of somebody's.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tracer } from '@opentelemetry/api';
import { agentId, hardTimeoutMs, type IngressAgent, type WorkerStatus } from '../contract/index.ts';
import { admit, type Refusal } from './admission.ts';
import type { TraceParent, Trigger } from './caller.ts';
import { renderAnswerHeaders, renderDispatchHeaders } from './dispatch-header.ts';
import { DispatchSpan } from './dispatch-span.ts';
import { runExchange, type ExchangeEnd } from './exchange.ts';
import { rejectionReason, renderInvocation, type InvocationFacts } from './invocation-record.ts';
import type { Load } from './load.ts';
import type { Reservation } from './outbox.ts';
import { problems, sendProblem, type Problem } from './problem.ts';
import { relay } from './relay.ts';
import type { RequestBody } from './request-body.ts';
import type { WorkerClient } from './worker-client.ts';
import { reasonOf } from './worker-refusal.ts';

/** The worker ends a run at its timeout; past this much more it is not going to say so. */
const guardMs = 10_000;
/** A worker whose caller left closes the record itself, with what it knows; after this it is taken for gone. */
const leaveToWorkerMs = 15_000;

/** Dispatched and one terminal event. */
export const eventsPerCall = 2;

export interface InvocationContext {
  readonly client: WorkerClient;
  readonly load: Load;
  readonly liveWorkers: () => readonly WorkerStatus[];
  readonly tracer: Tracer;
  /** Aborted when draining has taken too long. */
  readonly shutdown: AbortSignal;
  /** Runs later, or at once when the process stops. */
  readonly later: (ms: number, run: () => void) => void;
  readonly now: () => Date;
  readonly guardMs?: number;
}

export interface InvocationCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: RequestBody;
  readonly agent: IngressAgent;
  /** Path and query for the agent. */
  readonly path: string;
  readonly id: string;
  readonly trigger: Trigger;
  readonly parent: TraceParent | undefined;
  readonly events: Reservation;
}

export class InvocationRun {
  readonly #context: InvocationContext;
  readonly #call: InvocationCall;
  readonly #span: DispatchSpan;
  readonly #facts: InvocationFacts;
  readonly #createdAt: Date;

  constructor(context: InvocationContext, call: InvocationCall) {
    this.#context = context;
    this.#call = call;
    this.#createdAt = context.now();
    const { agent, id, trigger, path, parent, request } = call;
    const method = request.method ?? 'GET';
    this.#span = new DispatchSpan(context.tracer, { agent, invocationId: id, trigger, method, path, parent });
    this.#facts = { id, agent, trigger, createdAt: this.#createdAt, traceId: this.#span.traceId };
  }

  /** Resolves when the caller is answered and the events are in the outbox. */
  async run(): Promise<void> {
    const { agent, id } = this.#call;
    const { load, liveWorkers } = this.#context;
    const decision = admit(agent, liveWorkers(), { load, key: id });
    if (decision.refused !== undefined) {
      this.#refuse(decision.refused);
      return;
    }
    const { revision, workers } = decision;
    const timeoutMs = Math.min(agent.timeoutMs, hardTimeoutMs);
    const aborter = this.#aborter(timeoutMs + (this.#context.guardMs ?? guardMs));
    try {
      this.#dispatched(revision, workers[0]?.address, timeoutMs);
      const end = await this.#exchange(revision, workers, aborter.signal);
      await this.#settle(end, revision);
    } finally {
      aborter.release();
    }
  }

  #exchange(revision: string, workers: readonly WorkerStatus[], signal: AbortSignal): Promise<ExchangeEnd> {
    const { request, response, body, agent, path, id, trigger } = this.#call;
    const headers = renderDispatchHeaders(request.headers, {
      agent,
      revision,
      invocationId: id,
      trigger,
      now: this.#createdAt,
      traceHeaders: this.#span.headers(),
    });
    return runExchange({
      call: (call) => this.#context.client.call(call),
      workers,
      pool: agent.pool,
      invocationId: id,
      request: { method: request.method ?? 'GET', path, headers },
      body,
      response,
      signal,
      onAttempt: (worker) => {
        this.#span.dispatched(revision, worker.address);
        return this.#context.load.start(agentId(agent), worker);
      },
    });
  }

  #aborter(limitMs: number): { readonly signal: AbortSignal; readonly release: () => void } {
    const { response } = this.#call;
    const { shutdown } = this.#context;
    const controller = new AbortController();
    const gone = (): void => {
      if (!response.writableFinished) controller.abort('callerGone');
    };
    const stopped = (): void => controller.abort('shutdown');
    const timer = setTimeout(() => controller.abort('timeout'), limitMs);
    response.once('close', gone);
    shutdown.addEventListener('abort', stopped, { once: true });
    if (response.destroyed) gone();
    return {
      signal: controller.signal,
      release: () => {
        clearTimeout(timer);
        response.off('close', gone);
        shutdown.removeEventListener('abort', stopped);
      },
    };
  }

  #dispatched(revision: string, worker: string | undefined, timeoutMs: number): void {
    const deadline = new Date(this.#createdAt.getTime() + timeoutMs).toISOString();
    const status = { revision, deadline, ...(worker === undefined ? {} : { worker }) };
    this.#call.events.put(renderInvocation(this.#facts, 'Dispatched', status));
  }

  #refuse(refusal: Refusal): void {
    const problem: Problem = problems[refusal];
    this.#rejected(problem, rejectionReason[refusal]);
    this.#span.end(refusal, problem.status, problem.code);
    sendProblem(this.#call.response, problem);
  }

  #rejected(problem: Problem, reason: string): void {
    const completionTime = this.#context.now().toISOString();
    const status = { reason, message: problem.message, httpStatus: problem.status, completionTime };
    this.#call.events.put(renderInvocation(this.#facts, 'Rejected', status));
  }

  async #settle(end: ExchangeEnd, revision: string): Promise<void> {
    switch (end.kind) {
      case 'answered':
        // The worker has published the terminal event.
        this.#span.end(
          'ok',
          end.status,
          end.errorCode ?? (end.status >= 500 ? String(end.status) : undefined),
        );
        return;
      case 'refused':
        return this.#refusedByAll(end);
      case 'workerLost':
        return this.#failed(problems.workerLost, 'WorkerLost', revision, end.status);
      case 'timeout':
        return this.#failed(problems.timeout, 'DeadlineExceeded', revision, undefined);
      case 'bodyTooLarge':
        return this.#failed(problems.bodyTooLarge, 'BodyTooLarge', revision, undefined);
      case 'callerGone':
      case 'shutdown':
        return this.#abandoned(end.kind, revision);
    }
  }

  /** The last worker's own words are more useful to the caller than ours. */
  async #refusedByAll(end: Extract<ExchangeEnd, { kind: 'refused' }>): Promise<void> {
    const { response, id } = this.#call;
    const { reply, code } = end;
    const fallback: Problem = problems.no_ready_worker;
    const status = reply?.statusCode ?? fallback.status;
    const outcome = status === 429 ? 'at_max_concurrent' : 'no_ready_worker';
    this.#rejected({ ...fallback, status }, code === undefined ? 'NoReadyWorker' : reasonOf(code));
    this.#span.end(outcome, status, code ?? fallback.code);
    if (reply === undefined) sendProblem(response, fallback);
    else await relay(reply, response, renderAnswerHeaders(reply.headers, id, ''));
  }

  #failed(problem: Problem, reason: string, revision: string, sentStatus: number | undefined): void {
    this.#terminal(reason, problem.message, revision, sentStatus ?? problem.status);
    this.#span.end('internal_error', sentStatus ?? problem.status, problem.code);
    sendProblem(this.#call.response, problem);
  }

  #abandoned(kind: 'callerGone' | 'shutdown', revision: string): void {
    const reason = kind === 'callerGone' ? 'CallerGone' : 'IngressStopped';
    const message = 'the caller’s connection ended before the answer did';
    this.#context.later(leaveToWorkerMs, () => this.#terminal(reason, message, revision, undefined));
    this.#span.end('internal_error', undefined, reason);
    this.#call.response.destroy();
  }

  #terminal(reason: string, message: string, revision: string, httpStatus: number | undefined): void {
    const completionTime = this.#context.now().toISOString();
    const status = {
      revision,
      reason,
      message,
      completionTime,
      ...(httpStatus === undefined ? {} : { httpStatus }),
    };
    const phase = reason === 'DeadlineExceeded' ? 'Timeout' : 'Failed';
    this.#call.events.put(renderInvocation(this.#facts, phase, status));
  }
}
