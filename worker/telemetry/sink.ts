/** The two things this folder does with OpenTelemetry, so that a process without an endpoint yet can stand in. */
import type { Tracer } from '@opentelemetry/api';
import type { Logger } from '@opentelemetry/api-logs';

export type SpanStarter = Pick<Tracer, 'startSpan'>;
export type LogEmitter = Pick<Logger, 'emit'>;
