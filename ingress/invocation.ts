/**
 * One call of an agent at the front door: admission, dispatch, answer, and the events that record it. The order is
 * the promise: room for its events before anything else, the decision and the count of it in one breath, and every
 * call that was dispatched ends in a terminal event of somebody's.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import type { Tracer } from '@opentelemetry/api';
import {
  agentId,
  boundedTimeoutMs,
  composeInvocation,
  type CallerField,
  type IngressAgent,
  type InvocationFacts,
  type InvocationStatus,
  type Trigger,
  type WorkerStatus,
} from '../contract/index.ts';
import type { Reservation } from '../process/index.ts';
import { admit, type Refusal } from './admission.ts';
import type { Call } from './call.ts';
import type { TraceParent } from './caller.ts';
import { renderAnswerHeaders, renderDispatchHeaders } from './dispatch-header.ts';
import { DispatchSpan } from './dispatch-span.ts';
import { runExchange, type ExchangeEnd } from './exchange.ts';
import type { IdClaims } from './id-claim.ts';
import type { Load } from './load.ts';
import { problems, sendProblem, type Problem } from './problem.ts';
import { relay } from './relay.ts';
import type { RequestBody } from './request-body.ts';
import type { WorkerClient } from './worker-client.ts';
import { reasonOf } from './worker-refusal.ts';

/** The worker ends a run at its timeout; past this much more it is not going to say so. */
const guardMs = 10_000;
/**
 * A worker closes the record of its run itself, with all it knows; after `ms` it is taken for gone. Until then the word that is kept
 * here holds a place in the queue of events: where those are scarce, it is said from `leastMs` on.
 */
const leaveToWorker = { ms: 15_000, leastMs: 2_000 };

/** Dispatched and one terminal event. */
export const eventsPerCall = 2;

/** Reasons are CamelCase in records. */
const rejectionReason: Readonly<Record<Refusal, string>> = {
  no_ready_revision: 'NoReadyRevision',
  at_max_concurrent: 'AtMaxConcurrent',
  no_ready_worker: 'NoReadyWorker',
};

export interface InvocationContext {
  readonly client: WorkerClient;
  readonly claims: IdClaims;
  readonly load: Load;
  readonly liveWorkers: () => readonly WorkerStatus[];
  readonly tracer: Tracer;
  /** Aborted when draining has taken too long. */
  readonly shutdown: AbortSignal;
  /** Runs after `ms`, from `leastMs` on where somebody hurries, or at once when the process stops. */
  readonly later: (when: typeof leaveToWorker, run: () => void, namespace: string) => void;
  /** Somebody of the namespace finds little room for events. */
  readonly hurry: (namespace: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly guardMs?: number;
}

export interface InvocationCall {
  readonly call: Call;
  readonly body: RequestBody;
  readonly agent: IngressAgent;
  /** Path and query for the agent. */
  readonly path: string;
  readonly id: string;
  /** The id was given, not made here: it may have been used elsewhere, and is claimed before anything runs. */
  readonly ownId: boolean;
  readonly trigger: Trigger;
  readonly parent: TraceParent | undefined;
  /** Who calls; undefined: the agent does not ask, or nobody does. `user`: of the cluster, whom the platform vouches for. */
  readonly caller: readonly CallerField[] | undefined;
  readonly user?: string | undefined;
  readonly events: Reservation;
}

export class InvocationRun {
  readonly #context: InvocationContext;
  readonly #call: InvocationCall;
  readonly #span: DispatchSpan;
  readonly #facts: InvocationFacts;

  constructor(context: InvocationContext, call: InvocationCall) {
    this.#context = context;
    this.#call = call;
    const { agent, id, trigger, path, parent, caller, user } = call;
    const facts = {
      id,
      agent,
      trigger,
      caller,
      user,
      createdAt: context.now(),
      timeoutMs: boundedTimeoutMs(agent),
    };
    const { method } = call.call;
    this.#span = new DispatchSpan(context.tracer, {
      agent,
      invocationId: id,
      trigger: trigger.type,
      method,
      path,
      parent,
      caller,
      user,
    });
    this.#facts = { ...facts, traceId: this.#span.traceId };
  }

  /** Resolves when the caller is answered and the events are in the outbox. */
  async run(): Promise<void> {
    if (!(await this.#prepared()) || !(await this.#claimed())) return;
    const { agent, id } = this.#call;
    const { load, liveWorkers } = this.#context;
    const decision = admit(agent, liveWorkers(), { load, key: id });
    if (decision.refused !== undefined) {
      this.#refuse(decision.refused);
      return;
    }
    const { revision, workers } = decision;
    this.#call.call.deferral?.accept();
    const aborter = this.#aborter(boundedTimeoutMs(agent) + (this.#context.guardMs ?? guardMs));
    try {
      const worker = workers[0]?.address;
      this.#put({ phase: 'Dispatched', revision, ...(worker === undefined ? {} : { worker }) });
      const end = await this.#exchange(revision, workers, aborter.signal);
      await this.#settle(end, revision);
    } finally {
      aborter.release();
    }
  }

  /** False: answered already, nothing runs. What the record of a claim in doubt is, telemetry settles. */
  async #claimed(): Promise<boolean> {
    if (!this.#call.ownId) return true;
    const claim = await this.#context.claims.claim(composeInvocation(this.#facts, { phase: 'Pending' }));
    if (claim === 'first') return true;
    this.#turnAway(claim === 'used' ? problems.idUsed : problems.recordsFull);
    return false;
  }

  /** False: answered already, nothing was claimed or runs. */
  async #prepared(): Promise<boolean> {
    const { deferral } = this.#call.call;
    const preparation = (await deferral?.prepare()) ?? 'ready';
    if (preparation === 'ready') return true;
    if (preparation === 'doubt') this.#turnAway(problems.resultsUnavailable);
    // Whoever asks again because an answer was lost is told where it is.
    else this.#turnAway(problems.idUsed, deferral === undefined ? {} : { location: deferral.location });
    return false;
  }

  #turnAway(problem: Problem, headers: OutgoingHttpHeaders = {}): void {
    this.#span.end(problem === problems.idUsed ? 'id_used' : 'internal_error', problem.status, problem.code);
    sendProblem(this.#call.call, problem, headers);
  }

  #put(status: InvocationStatus): void {
    this.#call.events.put(composeInvocation(this.#facts, status));
  }

  #later(run: () => void): void {
    this.#context.later(leaveToWorker, run, this.#call.agent.namespace);
  }

  #exchange(revision: string, workers: readonly WorkerStatus[], signal: AbortSignal): Promise<ExchangeEnd> {
    const { call: taken, body, agent, path, id } = this.#call;
    const traceHeaders = this.#span.headers();
    const headers = renderDispatchHeaders(taken.headers, { facts: this.#facts, revision, traceHeaders });
    return runExchange({
      call: (call) => this.#context.client.call(call),
      workers,
      pool: agent.pool,
      invocationId: id,
      request: { method: taken.method, path, headers },
      body,
      answer: taken.answer,
      signal,
      onAttempt: (worker) => {
        this.#span.dispatched(revision, worker.address);
        return this.#context.load.start(agentId(agent), worker);
      },
    });
  }

  #aborter(limitMs: number): { readonly signal: AbortSignal; readonly release: () => void } {
    const { shutdown } = this.#context;
    const controller = new AbortController();
    const stopped = (): void => controller.abort('shutdown');
    const timer = setTimeout(() => controller.abort('timeout'), limitMs);
    shutdown.addEventListener('abort', stopped, { once: true });
    // The drain may have ended while the call claimed its id: no event tells of it any more.
    if (shutdown.aborted) stopped();
    this.#call.call.answer.onGone(() => controller.abort('callerGone'));
    return {
      signal: controller.signal,
      release: () => {
        clearTimeout(timer);
        shutdown.removeEventListener('abort', stopped);
      },
    };
  }

  #refuse(refusal: Refusal): void {
    const problem: Problem = problems[refusal];
    this.#rejected(problem, rejectionReason[refusal]);
    this.#span.end(refusal, problem.status, problem.code);
    sendProblem(this.#call.call, problem);
  }

  #rejected({ message, status }: Problem, reason: string): void {
    const completedAt = this.#context.now();
    this.#put({ phase: 'Rejected', reason, message, httpStatus: status, completedAt });
  }

  async #settle(end: ExchangeEnd, revision: string): Promise<void> {
    switch (end.kind) {
      case 'answered':
        return this.#answered(end, revision);
      case 'refused':
        return this.#refusedByAll(end);
      case 'workerLost':
        return this.#failed(problems.workerLost, 'WorkerLost', revision, end.status);
      case 'timeout':
        return this.#failed(problems.timeout, 'DeadlineExceeded', revision, undefined);
      case 'bodyTooLarge':
        return this.#failed(problems.bodyTooLarge, 'BodyTooLarge', revision, undefined);
      case 'bodyStalled':
        return this.#failed(problems.bodyStalled, 'BodyStalled', revision, undefined);
      case 'callerGone':
      case 'shutdown':
        return this.#abandoned(end.kind, revision);
    }
  }

  /**
   * The worker says how it ended. One that died before the stream had its word leaves us as the only witness of what the caller was
   * told; of two words the stream keeps the first.
   */
  #answered(end: Extract<ExchangeEnd, { kind: 'answered' }>, revision: string): void {
    const { status, bytes, worker } = end;
    const code = end.errorCode ?? (status >= 500 ? String(status) : undefined);
    this.#span.end('ok', status, code);
    const completedAt = this.#context.now();
    const told = { revision, worker: worker.address, httpStatus: status, responseBytes: bytes, completedAt };
    const ended: InvocationStatus =
      code === undefined
        ? { phase: 'Succeeded', ...told }
        : {
            phase: 'Failed',
            reason: reasonOf(code),
            message: 'the worker was lost after it had answered',
            ...told,
          };
    this.#later(() => this.#put(ended));
  }

  /** The last worker's own words are more useful to the caller than ours. */
  async #refusedByAll(end: Extract<ExchangeEnd, { kind: 'refused' }>): Promise<void> {
    const { call, id } = this.#call;
    const { reply, code } = end;
    const fallback: Problem = problems.no_ready_worker;
    const status = reply?.statusCode ?? fallback.status;
    const outcome = status === 429 ? 'at_max_concurrent' : 'no_ready_worker';
    this.#rejected({ ...fallback, status }, code === undefined ? 'NoReadyWorker' : reasonOf(code));
    this.#span.end(outcome, status, code ?? fallback.code);
    if (reply === undefined) sendProblem(call, fallback);
    else await relay(reply, call.answer, renderAnswerHeaders(reply.headers, id, ''));
  }

  #failed(problem: Problem, reason: string, revision: string, sentStatus: number | undefined): void {
    this.#terminal(reason, problem.message, revision, sentStatus ?? problem.status);
    this.#span.end('internal_error', sentStatus ?? problem.status, problem.code);
    sendProblem(this.#call.call, problem);
  }

  #abandoned(kind: 'callerGone' | 'shutdown', revision: string): void {
    const reason = kind === 'callerGone' ? 'CallerGone' : 'IngressStopped';
    const message = 'the caller’s connection ended before the answer did';
    this.#later(() => this.#terminal(reason, message, revision, undefined));
    this.#span.end('internal_error', undefined, reason);
    this.#call.call.answer.cut();
  }

  #terminal(reason: string, message: string, revision: string, httpStatus: number | undefined): void {
    const phase = reason === 'DeadlineExceeded' ? 'Timeout' : 'Failed';
    const completedAt = this.#context.now();
    const answered = httpStatus === undefined ? {} : { httpStatus };
    this.#put({ phase, revision, reason, message, completedAt, ...answered });
  }
}
