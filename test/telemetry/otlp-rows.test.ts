import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLogsRequest, parseTraceRequest } from '../../telemetry/otlp/otlp-message.ts';
import { renderLogs, renderSpans } from '../../telemetry/otlp/otlp-rows.ts';
import { otlpType } from '../../telemetry/otlp/otlp-schema.ts';

const anyone = { role: 'ingress' } as const;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const nowNanos = 1_795_400_060_000_000_000n;
const dayNanos = 86_400_000_000_000n;
const span = {
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  name: 's',
  startTimeUnixNano: '1795400000000000001',
  endTimeUnixNano: '1795400000000000003',
};

function rowOf(more: object, encoding: 'json' | 'protobuf'): Record<string, unknown> | undefined {
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, ...more }] }] }] };
  if (encoding === 'json') {
    const [line] = renderSpans(
      parseTraceRequest('json', Buffer.from(JSON.stringify(request))),
      anyone,
      nowNanos,
    ).lines;
    return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
  }
  const merged = { ...span, ...more };
  const wire = {
    ...merged,
    traceId: Buffer.from(merged.traceId, 'hex'),
    spanId: Buffer.from(merged.spanId, 'hex'),
  };
  const bytes = otlpType.traceRequest
    .encode(otlpType.traceRequest.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [wire] }] }] }))
    .finish();
  const [line] = renderSpans(parseTraceRequest('protobuf', bytes), anyone, nowNanos).lines;
  return line === undefined ? undefined : (JSON.parse(line) as Record<string, unknown>);
}

const attributes = [
  text('s', 'x'),
  text('empty', ''),
  { key: 'i', value: { intValue: '-9007199254740993' } },
  { key: 'zero', value: { intValue: '0' } },
  { key: 'd', value: { doubleValue: 0.5 } },
  { key: 'b', value: { boolValue: false } },
  { key: 'l', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } } },
  { key: 'm', value: { kvlistValue: { values: [text('k', 'v')] } } },
  { key: '__proto__', value: { stringValue: 'x' } },
  { key: 'none' },
];

describe('a span as a row', () => {
  test.each(['json', 'protobuf'] as const)('%s: every kind of value, exact to the nanosecond', (encoding) => {
    expect(rowOf({ attributes, kind: 3, status: { code: 1 } }, encoding)).toMatchObject({
      Timestamp: '1795400000.000000001',
      Duration: '2',
      SpanKind: 'Client',
      StatusCode: 'Ok',
      SpanAttributes: {
        s: 'x',
        empty: '',
        i: '-9007199254740993',
        zero: '0',
        d: '0.5',
        b: 'false',
        l: '["a","1"]',
        m: '{"k":"v"}',
        none: '',
      },
    });
  });

  test.each([
    ['a short trace id', { traceId: 'ab' }],
    ['a zero span id', { spanId: '0'.repeat(16) }],
    ['no start', { startTimeUnixNano: '0' }],
    ['a start beyond the column', { startTimeUnixNano: '18446744073709551615' }],
    ['a start of last month', { startTimeUnixNano: String(nowNanos - 30n * dayNanos) }],
    ['a start of next week', { startTimeUnixNano: String(nowNanos + 7n * dayNanos) }],
  ])('%s is rejected', (_name, more) => expect(rowOf(more, 'json')).toBeUndefined());

  test('an end before the start is no duration, not a huge one', () => {
    expect(rowOf({ endTimeUnixNano: '1' }, 'json')).toMatchObject({ Duration: '0' });
  });

  test('S50: attributes, events, values and depth are bounded', () => {
    const many = Array.from({ length: 1000 }, (_, index) => text(`k${index}`, 'v'));
    const long = text('long', 'x'.repeat(3_000_000));
    let deep: object = { stringValue: 'end' };
    for (let level = 0; level < 200; level++) deep = { arrayValue: { values: [deep] } };
    const events = Array.from({ length: 1000 }, () => ({ timeUnixNano: '1', name: 'e' }));
    const row = rowOf({ attributes: [long, { key: 'deep', value: deep }, ...many], events }, 'json');
    const kept = row?.['SpanAttributes'] as Record<string, string>;
    expect(Object.keys(kept)).toHaveLength(256);
    expect(kept['long']).toHaveLength(1024 * 1024);
    expect(kept['deep']?.length).toBeLessThan(100);
    expect(row?.['Events.Name']).toHaveLength(128);
  });
});

test('a log line keeps its bytes, takes its level from the number, its time from the receiver', () => {
  const request = {
    resourceLogs: [
      {
        resource: { attributes: [text('service.name', 'svc')] },
        scopeLogs: [{ logRecords: [{ body: { stringValue: 'a\nb\u0000"' }, severityNumber: 17 }] }],
      },
    ],
  };
  const { lines } = renderLogs(
    parseLogsRequest('json', Buffer.from(JSON.stringify(request))),
    anyone,
    5_000_000_001n,
  );
  expect(lines[0]).not.toContain('\n');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    Timestamp: '5.000000001',
    Body: 'a\nb\u0000"',
    SeverityText: 'ERROR',
    ServiceName: 'svc',
    ResourceAttributes: { 'service.name': 'svc' },
  });
});

describe('S46: whatever comes in, the parser answers with a request or OTLP_MALFORMED', () => {
  test('JSON of any shape renders to lines that are JSON', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        fc.constant(null),
        fc.string(),
        fc.integer(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(
            'resourceSpans',
            'scopeSpans',
            'spans',
            'attributes',
            'value',
            'key',
            'traceId',
            'events',
          ),
          tie('any'),
          { maxKeys: 4 },
        ),
      ),
    })).any;
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), (resourceSpans) => {
        const request = parseTraceRequest('json', Buffer.from(JSON.stringify({ resourceSpans })));
        for (const line of renderSpans(request, anyone, nowNanos).lines) JSON.parse(line);
      }),
    );
  });

  test('random bytes as protobuf', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          renderLogs(parseLogsRequest('protobuf', bytes), anyone, nowNanos);
          renderSpans(parseTraceRequest('protobuf', bytes), anyone, nowNanos);
        } catch (error) {
          expect(error).toMatchObject({ code: 'OTLP_MALFORMED' });
        }
      }),
    );
  });

  test.each([['[]'], ['null'], ['{'], ['"x"'], ['\u00ff\u00fe']])('%s', (body) => {
    const bytes = Buffer.from(body, 'latin1');
    expect(() => parseTraceRequest('json', bytes)).toThrow(
      expect.objectContaining({ code: 'OTLP_MALFORMED' }),
    );
  });
});

test('records of many days make no more partitions than days are kept, and the rest are told as rejected', () => {
  const spans = Array.from({ length: 400 }, (_, day) => ({
    ...span,
    startTimeUnixNano: String(nowNanos + BigInt(day - 200) * dayNanos),
  }));
  const request = { resourceSpans: [{ scopeSpans: [{ spans }] }] };
  const { lines, rejected } = renderSpans(
    parseTraceRequest('json', Buffer.from(JSON.stringify(request))),
    anyone,
    nowNanos,
  );
  expect(lines.length + rejected).toBe(400);
  expect(lines.length).toBeLessThanOrEqual(10);
});
