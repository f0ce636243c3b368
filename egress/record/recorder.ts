/**
 * The edge where records become OpenTelemetry spans and logs. Apart so that everything before it is plain data. A
 * recorder never throws into the data path and never waits.
 */
import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
  ROOT_CONTEXT,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import { SeverityNumber, type Logger } from '@opentelemetry/api-logs';
import { attribute, spanName } from '../../contract/index.ts';
import type { SpanRecord } from './exchange-record.ts';

export interface Recorder {
  record(record: SpanRecord): void;
  /** Bytes that were no identity frame: from whom is not known. */
  malformed(reason: string, at: number): void;
}

const traceparentText = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function parentContext(traceparent: string | undefined): Context {
  const match = traceparentText.exec(traceparent ?? '');
  if (match === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: match[1] ?? '',
    spanId: match[2] ?? '',
    // Every call is recorded (design 1.4), whatever a caller's sampling bit says.
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

/** A log repeats these attributes of its span; bodies and headers stay on the span. */
export function createRecorder(tracer: Tracer, logger: Logger, resource: Record<string, string>): Recorder {
  const record = (span: SpanRecord): void => {
    const context = parentContext(span.traceparent);
    const kind = span.kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL;
    const attributes = { ...resource, ...span.attributes };
    const open = tracer.startSpan(span.name, { kind, startTime: span.start, attributes }, context);
    for (const event of span.events) open.addEvent(event.name, event.attributes, event.at);
    if (span.errorMessage !== undefined) {
      open.setStatus({ code: SpanStatusCode.ERROR, message: span.errorMessage });
    }
    open.end(span.end);
    logger.emit({
      timestamp: span.end,
      severityNumber: span.log.severity === 'WARN' ? SeverityNumber.WARN : SeverityNumber.INFO,
      severityText: span.log.severity,
      body: span.log.body,
      attributes,
      context: trace.setSpan(context, open),
    });
  };
  return {
    record,
    malformed: (reason, at) =>
      record({
        name: spanName.frameMalformed,
        kind: 'server',
        start: at,
        end: at,
        traceparent: undefined,
        attributes: {
          [attribute.component]: 'egress',
          [attribute.denyReason]: 'frame',
          [attribute.errorType]: reason,
        },
        events: [],
        errorMessage: reason,
        log: { severity: 'WARN', body: 'identity frame refused' },
      }),
  };
}
