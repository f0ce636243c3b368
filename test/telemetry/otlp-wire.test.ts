/**
 * Spans from the wire straight to rows, beside the decoder that makes objects of them: of the same bytes the same rows, the same
 * counts and the same refusals, whatever is in them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OtlpSpeaker } from '../../contract/index.ts';
import { parseTraceRequest } from '../../telemetry/otlp/otlp-message.ts';
import { renderSpans } from '../../telemetry/otlp/otlp-rows.ts';
import { otlpType } from '../../telemetry/otlp/otlp-schema.ts';
import { receivedLogs, receivedSpans } from '../../telemetry/otlp/received-rows.ts';
import { spanRows } from '../../telemetry/otlp/wire/span-rows.ts';

const nowNanos = 1_795_400_060_000_000_000n;
const startNanos = 1_795_400_000_000_000_001n;
const ingress: OtlpSpeaker = { role: 'ingress' };
const pool: OtlpSpeaker = { role: 'worker', namespace: 'shop', name: 'main' };

interface Told {
  readonly lines: readonly string[];
  readonly rejected: number;
  readonly foreign: number;
}

function byObjects(bytes: Buffer, speaker: OtlpSpeaker): Told | 'refused' {
  try {
    const { lines, rejected, foreign } = renderSpans(parseTraceRequest('protobuf', bytes), speaker, nowNanos);
    return { lines, rejected, foreign };
  } catch {
    return 'refused';
  }
}

/** Undefined: it left it to the other. */
function byWire(bytes: Buffer, speaker: OtlpSpeaker): Told | undefined {
  try {
    const rows = spanRows(bytes, speaker, nowNanos);
    if (rows === undefined) return undefined;
    const lines = rows.body.toString('utf8').split('\n').slice(0, -1);
    expect(lines).toHaveLength(rows.count);
    return { lines, rejected: rows.rejected, foreign: rows.foreign };
  } catch {
    return undefined;
  }
}

const oddText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('a"b', 'a\\b', '\n', '\u0000', '\u007f', 'é', '\ud800', '😀', 'x'.repeat(1030)),
);
const name = fc.oneof(
  fc.constantFrom('agent.namespace', 'service.name', 'clrk.component', 'http.method', 'a', 'b', '1', ''),
  fc.constantFrom('__proto__', 'constructor', 'é', 'a"b'),
  oddText,
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const anyValue: fc.Arbitrary<object> = fc.oneof(
  { weight: 6, arbitrary: oddText.map((stringValue) => ({ stringValue })) },
  fc.constantFrom({ stringValue: 'shop' }, { stringValue: 'other' }, { stringValue: 'worker' }),
  int64.map((intValue) => ({ intValue })),
  fc.nat().map((intValue) => ({ intValue })),
  fc.boolean().map((boolValue) => ({ boolValue })),
  fc.double().map((doubleValue) => ({ doubleValue })),
  fc.constantFrom(
    {},
    { arrayValue: { values: [{ stringValue: 'x' }] } },
    { kvlistValue: { values: [{ key: 'k', value: { intValue: 1 } }] } },
    { bytesValue: Buffer.from([1, 2]) },
  ),
);
const pair = fc.record({ key: name, value: anyValue }, { requiredKeys: [] });
const pairs = fc.array(pair, { maxLength: 6 });
const id = (length: number) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.uint8Array({ minLength: length, maxLength: length }) },
    fc.uint8Array({ maxLength: 20 }),
    fc.constant(new Uint8Array(length)),
  );
const nanos = fc.oneof(
  { weight: 8, arbitrary: fc.nat().map((more) => String(startNanos + BigInt(more))) },
  fc.constantFrom('0', '18446744073709551615', String(startNanos - 10n ** 18n)),
);
const span = fc.record(
  {
    traceId: id(16),
    spanId: id(8),
    parentSpanId: id(8),
    traceState: oddText,
    name: oddText,
    kind: fc.integer({ min: -1, max: 9 }),
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes: pairs,
    status: fc.record({ message: oddText, code: fc.integer({ min: -1, max: 5 }) }, { requiredKeys: [] }),
    events: fc.array(fc.record({ timeUnixNano: nanos, name: oddText, attributes: pairs }), { maxLength: 1 }),
    links: fc.array(fc.record({ traceId: id(16), spanId: id(8) }), { maxLength: 1 }),
  },
  { requiredKeys: ['traceId', 'spanId', 'startTimeUnixNano'] },
);
const request = fc.record({
  resourceSpans: fc.array(
    fc.record(
      {
        resource: fc.record({ attributes: pairs }, { requiredKeys: [] }),
        scopeSpans: fc.array(
          fc.record(
            {
              scope: fc.record({ name: oddText, version: oddText }),
              spans: fc.array(span, { maxLength: 3 }),
            },
            { requiredKeys: ['spans'] },
          ),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 2 },
  ),
});
const speaker = fc.constantFrom(ingress, pool);

function encode(value: object): Buffer {
  const { traceRequest } = otlpType;
  return Buffer.from(traceRequest.encode(traceRequest.fromObject(value)).finish());
}

describe('the same as of objects', () => {
  test('whatever is said', () => {
    fc.assert(
      fc.property(request, speaker, (value, who) => {
        const bytes = encode(value);
        expect(byWire(bytes, who) ?? 'refused').toEqual(byObjects(bytes, who));
      }),
      { numRuns: 400 },
    );
  });

  test('S57: a name that comes twice, however many others a sender makes up between the two', () => {
    const said = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const spans = Array.from({ length: 40 }, (_, at) => ({
      ...{ traceId: new Uint8Array(16).fill(1), spanId: new Uint8Array(8).fill(1) },
      ...{ startTimeUnixNano: String(startNanos), endTimeUnixNano: String(startNanos) },
      attributes: [
        said('agent.namespace', 'other'),
        ...Array.from({ length: 200 }, (__, index) => said(`made.up.${at}.${index}`, 'x')),
        said('agent.namespace', 'shop'),
      ],
    }));
    const bytes = encode({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    const told = byWire(bytes, pool);
    expect(told).toEqual(byObjects(bytes, pool));
    expect(told?.lines.join('')).not.toContain('other');
  });

  test('bytes that were changed on the way: the same, or left to the decoder', () => {
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        request,
        fc.array(change, { maxLength: 3 }),
        fc.nat(),
        speaker,
        (value, changes, cut, who) => {
          let bytes = encode(value);
          for (const [at, to] of changes) if (bytes.length > 0) bytes[at % bytes.length] = to;
          if (cut % 3 === 0) bytes = bytes.subarray(0, cut % (bytes.length + 1));
          const told = byWire(bytes, who);
          if (told !== undefined) expect(told).toEqual(byObjects(bytes, who));
        },
      ),
      { numRuns: 600 },
    );
  });
});

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const ids = {
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 2),
  startTimeUnixNano: String(startNanos),
};
const one = (attributes: readonly object[], resource: readonly object[] = []) =>
  encode({
    resourceSpans: [
      { resource: { attributes: resource }, scopeSpans: [{ spans: [{ ...ids, attributes }] }] },
    ],
  });

test.each([
  ['its own namespace', [text('agent.namespace', 'shop')], 0],
  ["another's", [text('agent.namespace', 'other')], 1],
  ["another's, twice", [text('agent.namespace', 'shop'), text('agent.namespace', 'other')], 1],
  ["another's, as a number", [{ key: 'agent.namespace', value: { intValue: 7 } }], 1],
  ['no text at all', [{ key: 'agent.namespace' }], 1],
] as const)('a pool speaks of %s', (_what, attributes, foreign) => {
  expect(byWire(one(attributes), pool)).toMatchObject({ foreign });
  expect(byWire(one([], attributes), pool)).toMatchObject({ foreign });
});

test('a name twice: the last counts', () => {
  const bytes = one([text('a', '1'), text('b', '2'), text('a', '3')]);
  expect(byWire(bytes, ingress)).toEqual(byObjects(bytes, ingress));
});

test('more names than are remembered: they are forgotten, and nothing else changes', () => {
  const many = Array.from({ length: 40 }, (_, group) =>
    Array.from({ length: 200 }, (_unused, index) => text(`n${group}.${index}`, 'v')),
  );
  for (const attributes of many) {
    const bytes = one(attributes);
    expect(byWire(bytes, ingress)).toEqual(byObjects(bytes, ingress));
  }
});

test('names forgotten within a record: one said twice is not overlooked, and none speaks for another', () => {
  // So many that the memory of names becomes full in the middle of a record.
  for (let group = 0; group < 150; group++) {
    const filling = Array.from({ length: 40 }, (_, index) => text(`filling.${group}.${index}`, 'v'));
    const bytes = one([text('agent.namespace', 'other'), ...filling, text('agent.namespace', 'shop')]);
    expect(byWire(bytes, pool)?.lines.join()).not.toContain('other');
  }
});

describe('S29: a large resource said once, and many records of it', () => {
  const large = [text('a', 'x'.repeat(1024 * 1024))];
  const many = Array.from({ length: 300 }, () => ids);
  const spans = { resourceSpans: [{ resource: { attributes: large }, scopeSpans: [{ spans: many }] }] };
  const logs = {
    resourceLogs: [{ resource: { attributes: large }, scopeLogs: [{ logRecords: many }] }],
  };
  const nowMs = Number(nowNanos / 1_000_000n);
  test.each([
    [
      'spans in protobuf',
      () => receivedSpans({ encoding: 'protobuf', body: encode(spans), speaker: pool, nowMs }),
    ],
    [
      'logs',
      () => receivedLogs({ encoding: 'json', body: Buffer.from(JSON.stringify(logs)), speaker: pool, nowMs }),
    ],
  ])('are refused and told as too large: %s', (_what, receive) => {
    expect(receive).toThrow(expect.objectContaining({ code: 'BODY_TOO_LARGE' }));
  });
});

describe('S29: more members than anybody sends', () => {
  const field = (no: number, bytes: Buffer): Buffer => {
    const head = [(no << 3) | 2];
    let length = bytes.length;
    for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
    return Buffer.concat([Buffer.from([...head, length]), bytes]);
  };
  const empty = (no: number): Buffer => Buffer.alloc(600_000, Buffer.from([(no << 3) | 2, 0]));
  const nowMs = Number(nowNanos / 1_000_000n);
  test.each([
    ['resources', empty(1)],
    ['scopes', field(1, empty(2))],
    ['records', field(1, field(2, empty(2)))],
  ])('empty %s are counted before anything is made of them', (_what, body) => {
    const received = { encoding: 'protobuf', body, speaker: pool, nowMs } as const;
    const tooLarge = expect.objectContaining({ code: 'BODY_TOO_LARGE' });
    expect(() => receivedSpans(received)).toThrow(tooLarge);
    expect(() => receivedLogs(received)).toThrow(tooLarge);
  });

  test('of JSON too', () => {
    const spans = Array.from({ length: 250_001 }, () => ({}));
    const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    expect(() => receivedSpans({ encoding: 'json', body, speaker: pool, nowMs })).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_LARGE' }),
    );
  });
});
