import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeSpanForest, type SpanNode, type SpanRecord } from '../../../cli/render/span.ts';
import { colourStyle } from '../../../cli/render/style.ts';
import { renderTraceTree } from '../../../cli/render/trace-tree.ts';

function span(part: Partial<SpanRecord> & Pick<SpanRecord, 'spanId' | 'name'>): SpanRecord {
  return {
    traceId: 't1',
    parentSpanId: '',
    start: '2026-11-23T10:00:00.000000000Z',
    durationNs: 1_000_000,
    attributes: {},
    ...part,
  };
}

const trace: readonly SpanRecord[] = [
  // As a store gives them: in no order, numbers as text.
  span({
    spanId: 'call',
    parentSpanId: 'invoke',
    name: 'chat gpt-4o-mini',
    start: '2026-11-23T10:00:00.600000000Z',
    durationNs: 430_000_000,
    attributes: {
      'server.address': 'api.openai.com',
      'server.port': '443',
      'url.path': '/v1/chat/completions',
      'http.request.method': 'POST',
      'http.response.status_code': '200',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.usage.input_tokens': '12',
      'gen_ai.usage.output_tokens': '34',
      'clrk.cost.usd': '0.0000222',
      'clrk.decision': 'allow',
      'clrk.decision.route': 'AIProviderRoute/default/openai',
    },
  }),
  span({
    spanId: 'denied',
    parentSpanId: 'invoke',
    name: 'egress.dial.denied',
    start: '2026-11-23T10:00:01.100000000Z',
    durationNs: 200_000,
    statusCode: 'Error',
    attributes: { 'clrk.dst.name': 'evil.com', 'server.port': '8443', 'clrk.egress.deny_reason': 'policy' },
  }),
  span({
    spanId: 'create',
    parentSpanId: 'invoke',
    name: 'sandbox.create',
    start: '2026-11-23T10:00:00.020000000Z',
    durationNs: 120_000_000,
  }),
  span({
    spanId: 'invoke',
    parentSpanId: 'root',
    name: 'sandbox.invoke',
    start: '2026-11-23T10:00:00.010000000Z',
    durationNs: 1_200_000_000,
    attributes: { 'clrk.sandbox.exit_code': 0 },
  }),
  span({
    spanId: 'root',
    name: 'ingress.dispatch',
    durationNs: 1_240_000_000,
    attributes: {
      'clrk.trigger': 'CLI',
      'agent.name': 'hello',
      'agent.namespace': 'default',
      'invocation.id': 'i-1',
      'http.response.status_code': 200,
    },
  }),
];

describe('renderTraceTree', () => {
  test('from the trigger to each outbound call with host, model, tokens, cost and decision', () => {
    expect(renderTraceTree(trace, { width: 100 }).split('\n')).toEqual([
      'CLI trigger · default/hello · i-1  t1',
      '└─ ingress.dispatch                                1.24 s  HTTP 200',
      '   └─ sandbox.invoke                               1.20 s  exit 0',
      '      ├─ create                                    120 ms',
      '      ├─ POST api.openai.com/v1/chat/completions   430 ms  HTTP 200  gpt-4o-mini  12 in + 34 out tokens  $0.000022  allowed by AIProviderRoute/default/openai',
      '      └─ dial.denied evil.com:8443                 0.2 ms  denied: policy',
    ]);
  });

  test('a wide terminal gets bars that lie where the span lies', () => {
    const lines = renderTraceTree(trace, { width: 160 }).split('\n');
    expect(lines[1]).toContain('████████████████████');
    expect(lines[4]).toMatch(/ {9}███████ +HTTP 200/);
  });

  test('denials and errors are red, and without colour no escape code is written', () => {
    expect(renderTraceTree(trace, { style: colourStyle })).toContain('\u001b[31mdenied: policy\u001b[39m');
    expect(renderTraceTree(trace)).not.toContain('\u001b');
  });

  test('S50: what an agent put into a path or name cannot steer the terminal', () => {
    const evil = span({
      spanId: 'x',
      name: 'GET',
      attributes: { 'server.address': 'a.com', 'url.path': '/\u001b[2J\n', 'gen_ai.request.model': '\u0007' },
    });
    const text = renderTraceTree([evil]);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(text.split('\n')).toHaveLength(2);
  });

  test('several traces are several trees, oldest first; none is nothing', () => {
    const later = span({
      traceId: 't2',
      spanId: 'b',
      name: 'ingress.dispatch',
      start: '2026-11-23T11:00:00Z',
    });
    const text = renderTraceTree([later, ...trace]);
    expect(text.indexOf('t1')).toBeLessThan(text.indexOf('t2'));
    expect(text).toContain('\n\n');
    expect(renderTraceTree([])).toBe('');
  });
});

describe('computeSpanForest', () => {
  function count(nodes: readonly SpanNode[]): number {
    return nodes.reduce((sum, node) => sum + 1 + count(node.children), 0);
  }

  test('a span whose parent did not arrive is a root', () => {
    const forest = computeSpanForest([span({ spanId: 'a', name: 'a', parentSpanId: 'lost' })]);
    expect(forest.map((node) => node.span.spanId)).toEqual(['a']);
  });

  test('whatever the parents, also in a cycle, each span appears exactly once', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    fc.assert(
      fc.property(fc.array(fc.tuple(id, id), { maxLength: 20 }), (pairs) => {
        const spans = pairs.map(([spanId, parentSpanId]) => span({ spanId, parentSpanId, name: 'x' }));
        expect(count(computeSpanForest(spans))).toBe(new Set(pairs.map(([spanId]) => spanId)).size);
      }),
    );
  });

  test('nanoseconds order siblings that share a millisecond', () => {
    const early = span({ spanId: 'z', name: 'early', start: '2026-11-23T10:00:00.000000100Z' });
    const late = span({ spanId: 'a', name: 'late', start: '2026-11-23T10:00:00.000900000Z' });
    expect(computeSpanForest([late, early]).map((node) => node.span.name)).toEqual(['early', 'late']);
  });
});
