/** The tries of one call in its record: an event each, where there was more than one. Pure. */
import { attribute } from '../../contract/index.ts';
import type { AttributeSink } from './attribute-list.ts';
import { LazyEvent, type SpanEvent } from './span-record.ts';

/** One try at an upstream. */
export interface AttemptFacts {
  /** Unix milliseconds. */
  readonly at: number;
  /** Name of the Backend; undefined: where the agent sent it. */
  readonly backend: string | undefined;
  /** Stable code when it came to nothing. */
  readonly error: string | undefined;
  /** Of an answer in whose place another Backend was asked. */
  readonly status: number | undefined;
}

export function errorType(status: number | undefined): string | undefined {
  return status !== undefined && status >= 400 ? String(status) : undefined;
}

/** One event an attempt, where there was more than one: a single one is the call itself. */
export function addAttempts(events: SpanEvent[], attempts: readonly AttemptFacts[]): void {
  if (attempts.length < 2) return;
  attempts.forEach(({ at, backend, error, status }, index) => {
    const putAttributes = (sink: AttributeSink): void => {
      sink.put(attribute.attemptNumber, index + 1);
      sink.put(attribute.attemptBackend, backend);
      sink.put(attribute.httpStatus, status);
      sink.put(attribute.errorType, error ?? errorType(status));
    };
    events.push(new LazyEvent({ name: 'egress.attempt', at, isBody: false, putAttributes }));
  });
}
