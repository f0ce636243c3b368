/**
 * What an invocation leaves behind: its span and one child a phase, its output as logs, its events. Apart because
 * none of it may decide anything about the run; it is told, and it tells.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { attribute, hardTimeoutMs, header, spanName, type Invocation } from '../../contract/index.ts';
import { PhaseClock } from '../sandbox/phase-clock.ts';
import type { LogEmitter, SpanStarter } from '../telemetry/sink.ts';
import { contextOf } from '../telemetry/trace-context.ts';
import type { AdmittedInvocation } from './admitted-image.ts';
import type { Outcome } from './invocation-outcome.ts';
import { composeInvocation } from './invocation-record.ts';
import { StdioLog } from './stdio-log.ts';

export interface InvocationTrailOptions {
  readonly tracer: SpanStarter;
  readonly logger: LogEmitter;
  readonly publish: (invocation: Invocation) => void;
  /** Unix milliseconds with fractions, never going back. */
  readonly now: () => number;
  readonly worker: string;
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
  readonly timeoutMs: number;
  readonly #options: InvocationTrailOptions;
  readonly #admitted: AdmittedInvocation;
  readonly #headers: IncomingHttpHeaders;

  constructor(options: InvocationTrailOptions, admitted: AdmittedInvocation, headers: IncomingHttpHeaders) {
    this.#options = options;
    this.#admitted = admitted;
    this.#headers = headers;
    this.clock = new PhaseClock(options.now);
    this.timeoutMs = Math.min(admitted.agent.timeoutMs, hardTimeoutMs);
    this.span = options.tracer.startSpan(
      spanName.invoke,
      { startTime: this.clock.startedAt, attributes: this.#attributes() },
      contextOf(String(headers[header.traceparent] ?? '')),
    );
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
  openLog(stream: 'stdout' | 'stderr'): StdioLog {
    return new StdioLog({
      logger: this.#options.logger,
      stream,
      attributes: this.#attributes(),
      context: trace.setSpan(contextOf(undefined), this.span),
      now: this.#options.now,
    });
  }

  /** Logs everything that comes out of a pipe until it closes. */
  follow(stream: 'stdout' | 'stderr', pipe: Socket): void {
    const log = this.openLog(stream);
    pipe.on('data', (chunk: Buffer) => log.write(chunk));
    pipe.once('close', () => log.end());
  }

  #publish(status: Invocation['status']): void {
    const { agent, invocationId, revision } = this.#admitted;
    const { startedAt } = this.clock;
    const record = {
      agent,
      invocationId,
      revision: revision.name,
      worker: this.#options.worker,
      traceId: this.span.spanContext().traceId,
      startedAt,
      deadlineAt: startedAt + this.timeoutMs,
      headers: this.#headers,
    };
    this.#options.publish(composeInvocation(record, status));
  }

  running(): void {
    this.#publish({ phase: 'Running' });
  }

  /** The terminal event and the end of every span. */
  end(outcome: Outcome, answered: AnswerFacts): void {
    const { reason, message, exitCode, phase } = outcome;
    this.#publish({
      phase,
      completionTime: new Date(this.clock.startedAt + this.clock.totalMs).toISOString(),
      httpStatus: answered.status,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      requestBytes: answered.requestBytes,
      responseBytes: answered.responseBytes,
      phasesMs: this.clock.phasesMs(),
      totalMs: this.clock.totalMs,
    });
    this.#endSpans(outcome, answered.status);
  }

  #endSpans(outcome: Outcome, status: number): void {
    const { tracer } = this.#options;
    const context = trace.setSpan(contextOf(undefined), this.span);
    for (const { name, start, end } of this.clock.phases) {
      const attributes = { ...this.#attributes(), [attribute.phase]: name };
      tracer.startSpan(spanName.sandboxPhase(name), { startTime: start, attributes }, context).end(end);
    }
    this.span.setAttribute(attribute.httpStatus, status);
    if (outcome.exitCode !== undefined) this.span.setAttribute(attribute.exitCode, outcome.exitCode);
    if (outcome.phase !== 'Succeeded') {
      this.span.setAttribute(attribute.errorType, outcome.reason ?? outcome.phase);
      this.span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.message ?? outcome.phase });
    }
    this.span.end(this.clock.startedAt + this.clock.totalMs);
  }
}
