/** What the gateway writes by hand, read by telemetry's own protobuf parser. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttributeList, type AttributeValue } from '../../../egress/record/attribute-list.ts';
import { OtlpBatch, smallRecordBytes } from '../../../egress/record/otlp-batch.ts';
import {
  createSimpleRecord,
  LazyEvent,
  type SimpleRecord,
  type SpanEvent,
  type SpanRecord,
} from '../../../egress/record/span-record.ts';
import {
  parseLogsRequest,
  parseTraceRequest,
  type AnyValue,
  type KeyValue,
} from '../../../telemetry/otlp/otlp-message.ts';
import { nanoseconds } from '../../../telemetry/otlp/otlp-value.ts';

function listOf(pairs: ReadonlyArray<readonly [string, AttributeValue]>): AttributeList {
  const list = new AttributeList();
  for (const [name, value] of pairs) list.put(name, value);
  return list;
}

function recordOf(
  change: Partial<SimpleRecord> & { readonly events?: readonly SpanEvent[]; readonly steadyOf?: object } = {},
): SpanRecord {
  const { events = [], steadyOf, ...simple } = change;
  const record = createSimpleRecord({
    name: 'chat gpt-4o',
    start: 1_732_400_000_000.25,
    end: 1_732_400_000_123.5,
    agentId: 'TaskAgent/default/hello',
    refused: false,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    attributes: listOf([['agent.name', 'hello']]),
    errorMessage: undefined,
    log: { severity: 'INFO', body: 'egress call' },
    ...simple,
  });
  const { attributes } = record;
  const steady =
    steadyOf === undefined
      ? {}
      : { putSteady: attributes.putInto.bind(attributes), putVarying: () => undefined };
  return { ...record, events, steadyOf, ...steady };
}

function eventOf(name: string, at: number, attributes: AttributeList, isBody = false): SpanEvent {
  return new LazyEvent({ name, at, isBody, putAttributes: (sink) => attributes.putInto(sink) });
}

/** Members of the oneof that are not set are the parser's defaults, on its prototype. */
function plain(value: AnyValue | null | undefined): unknown {
  const own: AnyValue = { ...value };
  if (own.arrayValue !== undefined) return (own.arrayValue.values ?? []).map(plain);
  if (own.intValue !== undefined) return Number(nanoseconds(own.intValue));
  return own.stringValue ?? own.boolValue ?? own.doubleValue;
}

function pairs(attributes: readonly KeyValue[] | undefined): unknown[] {
  return (attributes ?? []).map(({ key, value }) => [key, plain(value)]);
}

function read(batch: OtlpBatch) {
  const { traces, logs } = batch.take();
  const [resourceSpans] = parseTraceRequest('protobuf', traces).resourceSpans ?? [];
  const [resourceLogs] = parseLogsRequest('protobuf', logs).resourceLogs ?? [];
  return {
    resource: pairs(resourceSpans?.resource?.attributes),
    logResource: pairs(resourceLogs?.resource?.attributes),
    scope: resourceSpans?.scopeSpans?.[0]?.scope?.name,
    spans: resourceSpans?.scopeSpans?.[0]?.spans ?? [],
    logs: resourceLogs?.scopeLogs?.[0]?.logRecords ?? [],
  };
}

const hex = (bytes: Uint8Array | string | undefined): string => Buffer.from(bytes ?? '').toString('hex');

test('a span and its log, as telemetry reads them', () => {
  const batch = new OtlpBatch({ resource: { 'service.name': 'clrk-egress' }, common: {} });
  batch.add(
    recordOf({
      errorMessage: 'UPSTREAM_CLOSED',
      log: { severity: 'WARN', body: 'egress call denied' },
      events: [eventOf('http.request.headers', 1_732_400_000_001, listOf([['a', 'b']]))],
    }),
  );
  const { resource, logResource, scope, spans, logs } = read(batch);
  expect(resource).toEqual([['service.name', 'clrk-egress']]);
  expect(logResource).toEqual(resource);
  expect(scope).toBe('clrk');
  const [span] = spans;
  expect(span).toMatchObject({
    name: 'chat gpt-4o',
    kind: 2,
    status: { message: 'UPSTREAM_CLOSED', code: 2 },
  });
  expect(hex(span?.traceId)).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(hex(span?.parentSpanId)).toBe('b7ad6b7169203331');
  expect(nanoseconds(span?.startTimeUnixNano)).toBe(1732400000000250000n);
  expect(nanoseconds(span?.endTimeUnixNano)).toBe(1732400000123500000n);
  expect(span?.events?.map(({ name, attributes }) => [name, pairs(attributes)])).toEqual([
    ['http.request.headers', [['a', 'b']]],
  ]);
  const [log] = logs;
  expect(log).toMatchObject({ severityNumber: 13, severityText: 'WARN' });
  expect(plain(log?.body)).toBe('egress call denied');
  expect(hex(log?.traceId)).toBe(hex(span?.traceId));
  expect(hex(log?.spanId)).toBe(hex(span?.spanId));
  expect(pairs(log?.attributes)).toEqual([['agent.name', 'hello']]);
});

test('a record without a valid traceparent starts a trace of its own, no two alike', () => {
  const batch = new OtlpBatch({ resource: {} });
  for (let count = 0; count < 2000; count += 1) batch.add(recordOf({ traceparent: 'odd' }));
  const { spans } = read(batch);
  expect(new Set(spans.map(({ traceId }) => hex(traceId))).size).toBe(2000);
  expect(new Set(spans.map(({ spanId }) => hex(spanId))).size).toBe(2000);
  expect(hex(spans[0]?.traceId)).toHaveLength(32);
  expect(hex(spans[0]?.parentSpanId)).toBe('');
});

const value = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ minLength: 3_900, maxLength: 20_000 }),
  fc.constantFrom('ü'.repeat(4_000), '€'.repeat(4_001), 'x'.repeat(300_000)),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
  fc.array(fc.string({ maxLength: 100 }), { maxLength: 20 }),
);

test('property: any attributes come out as they went in, in every record of the batch', () => {
  const attributes = fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 80 }), value), { maxLength: 12 });
  const batch = new OtlpBatch({ resource: {} });
  const owner = {};
  fc.assert(
    fc.property(fc.array(attributes, { minLength: 1, maxLength: 5 }), fc.boolean(), (records, steady) => {
      for (const each of records) {
        const event = eventOf('e', 1, listOf(each));
        batch.add(
          recordOf({ attributes: listOf(each), events: [event], ...(steady ? { steadyOf: owner } : {}) }),
        );
      }
      const { spans, logs } = read(batch);
      expect(spans.map((span) => pairs(span.attributes))).toEqual(records);
      expect(spans.map((span) => pairs(span.events?.[0]?.attributes))).toEqual(records);
      expect(logs.map((log) => pairs(log.attributes))).toEqual(records);
    }),
    { numRuns: 60 },
  );
});

const few = fc.constantFrom<AttributeValue>('a', 'b', '', 'ü', 1, 2, true, false);

test('property: what is encoded once is used again only for the same attributes of the same owner', () => {
  const owners = [{}, {}];
  const steady = fc.array(fc.tuple(fc.constantFrom('k', 'l', 'm'), few), { maxLength: 3 });
  const batch = new OtlpBatch({ resource: {}, common: { gateway: 'ns/gw' } });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 1 }), steady), { minLength: 1, maxLength: 12 }),
      (records) => {
        for (const [owner, each] of records) {
          const record = recordOf({ attributes: listOf(each) });
          batch.add({
            ...record,
            steadyOf: owners[owner],
            putSteady: (sink) => listOf(each).putInto(sink),
            putVarying: (sink) => sink.put('last', each.length),
          });
        }
        const expected = records.map(([, each]) => [['gateway', 'ns/gw'], ...each, ['last', each.length]]);
        const { spans, logs } = read(batch);
        expect(spans.map((span) => pairs(span.attributes))).toEqual(expected);
        expect(logs.map((log) => pairs(log.attributes))).toEqual(expected);
      },
    ),
  );
});

test('a record that cannot be encoded leaves the batch as it was', () => {
  const batch = new OtlpBatch({ resource: {} });
  batch.add(recordOf({ name: 'first' }));
  const broken = {
    ...recordOf(),
    putVarying: () => {
      throw new Error('a fact that is not what its type says');
    },
  };
  expect(batch.add(broken)).toBeUndefined();
  expect(batch.addIf(recordOf(), 'whole', () => false)).toBeUndefined();
  batch.add(recordOf({ name: 'second' }));
  expect(batch.count).toBe(2);
  expect(read(batch).spans.map(({ name }) => name)).toEqual(['first', 'second']);
});

test('forms of a record: without captured bodies, and small whatever is in it', () => {
  const long = '\u20ac'.repeat(5_000);
  const many = listOf(
    Array.from({ length: 70 }, (_, index) => [`some.attribute.name.${index}`, long] as const),
  );
  const events = [eventOf('http.request.headers', 1, many), eventOf('http.request.body', 2, many, true)];
  const record = recordOf({ name: long, errorMessage: long, attributes: many, events });
  const batch = new OtlpBatch({ resource: {} });
  const [, headers = 0, small = 0] = (['whole', 'headers', 'small'] as const).map((form) =>
    batch.add(record, form),
  );
  expect(small).toBeLessThan(smallRecordBytes);
  expect(headers).toBeGreaterThan(smallRecordBytes);
  const { spans } = read(batch);
  expect(spans.map((span) => span.events?.length ?? 0)).toEqual([2, 1, 0]);
  const reduced = spans.map((span) => pairs(span.attributes).at(-1));
  expect(reduced.slice(1)).toEqual([
    ['clrk.record.reduced', 'bodies'],
    ['clrk.record.reduced', 'values'],
  ]);
});

test('memory of a body that was sent is used again, and holds the new records only', () => {
  const batch = new OtlpBatch({ resource: {} });
  const names = ['first', 'second', 'third'];
  const bodies = names.map((name) => {
    // More than half of what the batch has room for: less is given away as a copy.
    for (let index = 0; index < 2_000; index += 1) batch.add(recordOf({ name }));
    const { traces } = batch.take();
    const spans = parseTraceRequest('protobuf', traces).resourceSpans?.[0]?.scopeSpans?.[0]?.spans ?? [];
    expect(spans).toHaveLength(2_000);
    expect(new Set(spans.map((span) => span.name))).toEqual(new Set([name]));
    batch.recycle('traces', traces);
    return traces;
  });
  expect(bodies[2]?.buffer === bodies[0]?.buffer).toBe(true);
});
