import { describe, expect, test } from 'vitest';
import type { SpanRecord } from '../../cli/render/span.ts';
import { TraceAssembler } from '../../cli/trace-assembler.ts';

function span(traceId: string, spanId: string, name: string): SpanRecord {
  return { traceId, spanId, name, parentSpanId: '', start: '', durationNs: 0, attributes: {} };
}

describe('TraceAssembler', () => {
  test('gives a trace once, when its root came and it has been quiet', () => {
    const assembler = new TraceAssembler();
    assembler.add(span('t', 'a', 'sandbox.invoke'), 0);
    expect(assembler.take(60_000)).toEqual([]);
    assembler.add(span('t', 'root', 'ingress.dispatch'), 60_000);
    expect(assembler.take(60_100)).toEqual([]);
    assembler.add(span('t', 'late', 'POST'), 62_000);
    expect(assembler.take(63_000)).toEqual([]);
    expect(assembler.take(65_000).map((spans) => spans.map((each) => each.spanId))).toEqual([
      ['a', 'root', 'late'],
    ]);
    expect(assembler.take(99_000)).toEqual([]);
  });

  test('a span that arrives twice is one; a thousand traces without a root are not kept for ever', () => {
    const assembler = new TraceAssembler();
    for (let index = 0; index < 1_500; index += 1) assembler.add(span(`t${index}`, 'a', 'x'), 0);
    assembler.add(span('t0', 'root', 'ingress.dispatch'), 0);
    assembler.add(span('t0', 'root', 'ingress.dispatch'), 0);
    expect(assembler.take(10_000)).toEqual([[expect.objectContaining({ spanId: 'root' })]]);
  });
});
