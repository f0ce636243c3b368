/** What of a batch is for a sink, read by telemetry's own protobuf parser. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AttributeList } from '../../../egress/record/attribute-list.ts';
import { OtlpBatch, type SinkPart } from '../../../egress/record/otlp-batch.ts';
import { RecordQueue, type RecordBatch } from '../../../egress/record/record-queue.ts';
import { createSimpleRecord, type SpanRecord } from '../../../egress/record/span-record.ts';
import { parseLogsRequest, parseTraceRequest } from '../../../telemetry/otlp/otlp-message.ts';

function recordOf(name: string, sinks: readonly string[] | undefined, refused = false): SpanRecord {
  const attributes = new AttributeList();
  attributes.put('agent.name', name);
  return createSimpleRecord({
    ...{ name, start: 1, end: 2, agentId: 'TaskAgent/default/hello', refused, sinks, attributes },
    errorMessage: undefined,
    log: { severity: 'INFO', body: name },
  });
}

function read({ traces, logs }: Pick<SinkPart, 'traces' | 'logs'>) {
  const [group] = parseTraceRequest('protobuf', traces).resourceSpans ?? [];
  const spans = group?.scopeSpans?.flatMap((scope) => scope.spans ?? []) ?? [];
  const [own] = parseLogsRequest('protobuf', logs).resourceLogs ?? [];
  const records = own?.scopeLogs?.flatMap((scope) => scope.logRecords ?? []) ?? [];
  return {
    names: spans.map((span) => span.name),
    ids: spans.map((span) => Buffer.from(span.spanId as Uint8Array).toString('hex')),
    logIds: records.map((log) => Buffer.from(log.spanId as Uint8Array).toString('hex')),
    resource: group?.resource?.attributes?.map(({ key }) => key),
  };
}

const sinks = fc.option(fc.subarray(['a', 'b', 'c']), { nil: undefined });

test('property: each sink gets its records, in order, with their ids and resource; what was not accepted is nobody’s', () => {
  const step = fc.record({ sinks, isAccepted: fc.boolean(), ends: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const batch = new OtlpBatch({ resource: { 'service.name': 'egress' } });
      let expected: Array<{ readonly name: string; readonly sinks: readonly string[] }> = [];
      for (const [index, each] of [...steps, { sinks: [], isAccepted: true, ends: true }].entries()) {
        const name = `call-${index}`;
        const size = batch.addIf(recordOf(name, each.sinks), 'whole', () => each.isAccepted);
        expect(size !== undefined).toBe(each.isAccepted);
        if (each.isAccepted) expected.push({ name, sinks: each.sinks ?? [] });
        if (!each.ends) continue;
        const { parts, ...whole } = batch.take((sink) => sink !== 'c');
        const all = read(whole);
        const told = new Map(parts.map((part) => [part.sink, part]));
        expect([...told.keys()].sort()).toEqual(
          ['a', 'b'].filter((sink) => expected.some((record) => record.sinks.includes(sink))),
        );
        for (const [sink, part] of told) {
          const names = expected.filter((record) => record.sinks.includes(sink)).map((record) => record.name);
          const own = read(part);
          expect(own.names).toEqual(names);
          expect(part.records).toBe(names.length);
          expect(own.ids).toEqual(names.map((each) => all.ids[all.names.indexOf(each)]));
          expect(own.logIds).toEqual(own.ids);
          expect(own.resource).toEqual(['service.name']);
        }
        expected = [];
      }
    }),
  );
});

test('refusals that are counted in one record were for the same sinks', () => {
  const batches: RecordBatch[] = [];
  const queue = new RecordQueue({
    ...{ resource: {}, maxWaitingBytes: 10_000_000, onDropped: () => undefined, onQueued: () => undefined },
    onBatch: (batch) => batches.push(batch),
    isSinkWanted: () => true,
  });
  for (let index = 0; index < 200; index += 1)
    queue.add(recordOf('call', index % 2 === 0 ? ['a'] : undefined, true));
  queue.finish(10);
  queue.cut(10);
  const told = batches.flatMap(({ parts }) => parts);
  const whole = batches.reduce((sum, batch) => sum + read(batch).names.length, 0);
  const own = told.reduce((sum, part) => sum + read(part).names.length, 0);
  expect(whole).toBeLessThan(50);
  // Some of the first, and one that counts the rest: of each kind.
  expect(2 * own).toBe(whole);
});
