/**
 * The span `ingress.dispatch`, root of every invocation's trace: continues the caller's trace, always sampled, and
 * gives the ids the worker continues. Apart so that the handler speaks of outcomes and not of attribute names.
 */
import { randomBytes } from 'node:crypto';
import {
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { attribute, header, spanName, type CallerField, type IngressAgent } from '../contract/index.ts';
import type { TraceParent } from './caller.ts';

export interface SpanFacts {
  readonly agent: IngressAgent;
  readonly invocationId: string;
  readonly trigger: string;
  readonly method: string;
  readonly path: string;
  readonly parent: TraceParent | undefined;
  readonly caller: readonly CallerField[] | undefined;
  readonly user: string | undefined;
}

/** An attribute a field, of the names that manifests give; what is unknown has none. */
function callerAttributes(fields: readonly CallerField[] = []): Record<string, string | string[]> {
  const known = fields.flatMap(({ field, value }) => (value === undefined ? [] : [[field, value] as const]));
  const verified = fields.filter((each) => each.verified).map(({ field }) => field);
  return {
    ...Object.fromEntries(known.map(([field, value]) => [`${attribute.caller}.${field}`, value])),
    ...(fields.length === 0 ? {} : { [attribute.callerVerified]: verified }),
  };
}

function contextOf(parent: TraceParent | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    ...(parent.state === undefined ? {} : { traceState: createTraceState(parent.state) }),
  });
}

export class DispatchSpan {
  readonly traceId: string;
  readonly #spanId: string;
  readonly #state: string | undefined;
  readonly #span: Span;

  constructor(tracer: Tracer, facts: SpanFacts) {
    const { agent } = facts;
    this.#span = tracer.startSpan(
      spanName.dispatch,
      {
        kind: SpanKind.SERVER,
        attributes: {
          [attribute.agentKind]: agent.kind,
          [attribute.agentNamespace]: agent.namespace,
          [attribute.agentName]: agent.name,
          [attribute.agentUid]: agent.uid,
          [attribute.invocationId]: facts.invocationId,
          [attribute.trigger]: facts.trigger,
          ...callerAttributes(facts.caller),
          ...(facts.user === undefined ? {} : { [attribute.callerUser]: facts.user }),
          [attribute.httpMethod]: facts.method,
          // The query may hold what the caller thinks is between it and the agent.
          [attribute.urlPath]: facts.path.split('?')[0] ?? '/',
        },
      },
      contextOf(facts.parent),
    );
    const context = this.#span.spanContext();
    const valid = isSpanContextValid(context);
    // Without an exporter there is no span; the worker still gets a trace to hang its own on.
    this.traceId = valid ? context.traceId : (facts.parent?.traceId ?? randomBytes(16).toString('hex'));
    this.#spanId = valid ? context.spanId : randomBytes(8).toString('hex');
    this.#state = facts.parent?.state;
  }

  /** What the worker continues. */
  headers(): Record<string, string> {
    return {
      [header.traceparent]: `00-${this.traceId}-${this.#spanId}-01`,
      ...(this.#state === undefined ? {} : { [header.tracestate]: this.#state }),
    };
  }

  dispatched(revision: string, workerAddress: string): void {
    this.#span.setAttributes({
      [attribute.agentRevision]: revision,
      [attribute.workerAddress]: workerAddress,
    });
  }

  /** `outcome` in the words of the original's spans; an error code marks the span as failed. */
  end(outcome: string, status: number | undefined, errorCode?: string): void {
    this.#span.setAttribute(attribute.ingressOutcome, outcome);
    if (status !== undefined) this.#span.setAttribute(attribute.httpStatus, status);
    if (errorCode !== undefined) {
      this.#span.setAttribute(attribute.errorType, errorCode);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: errorCode });
    }
    this.#span.end();
  }
}
