/**
 * What an invocation leaves behind: its span and one child a phase, its output as logs, its events. Apart because
 * none of it may decide anything about the run; it is told, and it tells.
 */
import type { Socket } from 'node:net';
import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import {
  attribute,
  composeInvocation,
  spanName,
  type Invocation,
  type InvocationFacts,
  type InvocationStatus,
} from '../../contract/index.ts';
import { PhaseClock } from '../sandbox/phase-clock.ts';
import type { LogEmitter, SpanStarter } from '../telemetry/sink.ts';
import { contextOf } from '../telemetry/trace-context.ts';
import type { AdmittedInvocation } from './admitted-image.ts';
import type { Outcome } from './invocation-outcome.ts';
import { StdioLog } from './stdio-log.ts';

export interface InvocationTrailOptions {
  readonly tracer: SpanStarter;
  readonly logger: LogEmitter;
  readonly publish: (invocation: Invocation) => void;
  /** Unix milliseconds with fractions, never going back. */
  readonly now: () => number;
  readonly worker: string;
}

/** What set it off, and who. */
export interface TrailOrigin extends Pick<
  InvocationFacts,
  'trigger' | 'createdAt' | 'timeoutMs' | 'caller' | 'user'
> {
  readonly traceparent?: string | undefined;
}

/** What was answered, for the record. */
export interface AnswerFacts {
  readonly status: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export class InvocationTrail {
  readonly clock: PhaseClock;
  readonly span: Span;
  readonly facts: InvocationFacts;
  readonly #options: InvocationTrailOptions;
  readonly #admitted: AdmittedInvocation;
  #phasesTold = 0;

  constructor(options: InvocationTrailOptions, admitted: AdmittedInvocation, origin: TrailOrigin) {
    this.#options = options;
    this.#admitted = admitted;
    this.clock = new PhaseClock(options.now);
    this.span = options.tracer.startSpan(
      spanName.invoke,
      { startTime: this.clock.startedAt, attributes: this.#attributes() },
      contextOf(origin.traceparent),
    );
    const { traceparent: _parent, ...said } = origin;
    this.facts = {
      ...said,
      id: admitted.invocationId,
      agent: admitted.agent,
      traceId: this.span.spanContext().traceId,
    };
  }

  #attributes(): Record<string, string> {
    const { agent, revision, invocationId, image } = this.#admitted;
    return {
      [attribute.component]: 'worker',
      [attribute.agentKind]: agent.kind,
      [attribute.agentNamespace]: agent.namespace,
      [attribute.agentName]: agent.name,
      [attribute.agentUid]: agent.uid,
      [attribute.agentRevision]: revision.name,
      [attribute.invocationId]: invocationId,
      [attribute.imageRef]: revision.image,
      [attribute.imageDigest]: image.image.digest,
    };
  }

  /** A log of one of the agent's streams; the caller writes and ends it. */
  openLog(stream: 'stdout' | 'stderr', windowMs?: number): StdioLog {
    return new StdioLog({
      ...(windowMs === undefined ? {} : { windowMs }),
      logger: this.#options.logger,
      stream,
      attributes: this.#attributes(),
      context: trace.setSpan(contextOf(undefined), this.span),
      now: this.#options.now,
    });
  }

  /** Logs everything that comes out of a pipe until it closes. */
  follow(stream: 'stdout' | 'stderr', pipe: Socket, windowMs?: number): void {
    const log = this.openLog(stream, windowMs);
    pipe.on('data', (chunk: Buffer) => log.write(chunk));
    pipe.once('close', () => log.end());
  }

  #publish(status: InvocationStatus): void {
    const here = { revision: this.#admitted.revision.name, worker: this.#options.worker };
    this.#options.publish(composeInvocation(this.facts, { ...here, ...status }));
  }

  running(): void {
    this.#publish({ phase: 'Running' });
  }

  /** The terminal event and the end of every span. */
  end(outcome: Outcome, answered?: AnswerFacts): void {
    const { reason, message, exitCode, phase } = outcome;
    this.#publish({
      phase,
      completedAt: this.clock.startedAt + this.clock.totalMs,
      ...(answered === undefined ? {} : told(answered)),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      phasesMs: this.clock.phasesMs(),
      totalMs: this.clock.totalMs,
    });
    this.#endSpans(outcome, answered?.status);
  }

  /** The spans of the phases that are over: of a run that goes on for days nobody waits for its end. */
  tellPhases(): void {
    const { tracer } = this.#options;
    const context = trace.setSpan(contextOf(undefined), this.span);
    for (const { name, start, end } of this.clock.phases.slice(this.#phasesTold)) {
      const attributes = { ...this.#attributes(), [attribute.phase]: name };
      tracer.startSpan(spanName.sandboxPhase(name), { startTime: start, attributes }, context).end(end);
    }
    this.#phasesTold = this.clock.phases.length;
  }

  #endSpans(outcome: Outcome, status: number | undefined): void {
    this.tellPhases();
    if (status !== undefined) this.span.setAttribute(attribute.httpStatus, status);
    if (outcome.exitCode !== undefined) this.span.setAttribute(attribute.exitCode, outcome.exitCode);
    if (outcome.phase !== 'Succeeded') {
      this.span.setAttribute(attribute.errorType, outcome.reason ?? outcome.phase);
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.message ?? outcome.phase });
    }
    this.span.end(this.clock.startedAt + this.clock.totalMs);
  }
}

function told({ status, requestBytes, responseBytes }: AnswerFacts): Omit<InvocationStatus, 'phase'> {
  return { httpStatus: status, requestBytes, responseBytes };
}
