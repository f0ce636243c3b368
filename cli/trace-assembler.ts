/**
 * Collects the spans of a followed stream into whole traces: a trace is done when its root came and nothing more
 * arrived for a moment, because processes export in their own batches. The clock is passed in; bounded.
 */
import { spanName } from '../contract/index.ts';
import type { SpanRecord } from './render/span.ts';

interface OpenTrace {
  readonly spans: Map<string, SpanRecord>;
  hasRoot: boolean;
  lastAt: number;
}

/** Longer than two export intervals of the processes (1 s each). */
const quietMs = 2_500;
const maxOpenTraces = 1_000;

export class TraceAssembler {
  readonly #open = new Map<string, OpenTrace>();

  add(span: SpanRecord, nowMs: number): void {
    const trace = this.#open.get(span.traceId) ?? { spans: new Map(), hasRoot: false, lastAt: nowMs };
    trace.spans.set(span.spanId, span);
    trace.hasRoot ||= span.name === spanName.dispatch;
    trace.lastAt = nowMs;
    this.#open.set(span.traceId, trace);
    const oldest = this.#open.keys().next();
    if (this.#open.size > maxOpenTraces && oldest.done !== true) this.#open.delete(oldest.value);
  }

  /** Traces that are done now; each is given once. */
  take(nowMs: number): ReadonlyArray<readonly SpanRecord[]> {
    const done = [...this.#open].filter(([, trace]) => trace.hasRoot && nowMs - trace.lastAt >= quietMs);
    for (const [traceId] of done) this.#open.delete(traceId);
    return done.map(([, trace]) => [...trace.spans.values()]);
  }
}
