import { expect, test } from 'vitest';
import type { OtlpSpeaker } from '../../contract/index.ts';
import { mayClaim } from '../../telemetry/otlp/otlp-claim.ts';
import { parseLogsRequest, parseTraceRequest } from '../../telemetry/otlp/otlp-message.ts';
import { renderLogs, renderSpans } from '../../telemetry/otlp/otlp-rows.ts';

const pool: OtlpSpeaker = { role: 'worker', namespace: 'team-a', name: 'main' };
const gateway: OtlpSpeaker = { role: 'egress', namespace: 'team-a', name: 'gw' };
const ingress: OtlpSpeaker = { role: 'ingress' };

test.each<[OtlpSpeaker, Record<string, string>, boolean]>([
  [pool, {}, true],
  [
    pool,
    { 'agent.namespace': 'team-a', 'clrk.worker.pool': 'team-a/main', 'clrk.component': 'worker' },
    true,
  ],
  [pool, { 'agent.namespace': 'team-b' }, false],
  [pool, { 'agent.namespace': '' }, false],
  [pool, { 'clrk.worker.pool': 'team-a/other' }, false],
  [pool, { 'clrk.component': 'egress' }, false],
  [pool, { 'service.name': 'clrk-ingress' }, false],
  [pool, { 'k8s.namespace.name': 'team-b' }, false],
  [pool, { 'clrk.egress_gateway': 'team-b/gw' }, false],
  [pool, { 'clrk.egress_gateway': 'team-a/gw' }, true],
  [gateway, { 'clrk.egress_gateway': 'team-a/gw', 'agent.namespace': 'team-a' }, true],
  [gateway, { 'clrk.egress_gateway': 'team-a/other' }, false],
  [gateway, { 'clrk.egress_gateway': 'team-ab/gw' }, false],
  [ingress, { 'agent.namespace': 'team-b', 'clrk.component': 'ingress' }, true],
])('S57: %j claiming %j: %s', (speaker, attributes, expected) => {
  expect(mayClaim(speaker, attributes)).toBe(expected);
});

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const span = (namespace: string) => ({
  traceId: 'ab'.repeat(16),
  spanId: 'cd'.repeat(8),
  startTimeUnixNano: '1',
  attributes: [text('agent.namespace', namespace)],
});

test('S57: foreign records of a request are dropped and counted, by record and by resource; its own are kept', () => {
  const request = {
    resourceSpans: [
      { scopeSpans: [{ spans: [span('team-a'), span('team-b')] }] },
      {
        resource: { attributes: [text('clrk.worker.pool', 'team-b/x')] },
        scopeSpans: [{ spans: [span('team-a')] }],
      },
    ],
  };
  const { lines, rejected, foreign } = renderSpans(
    parseTraceRequest('json', Buffer.from(JSON.stringify(request))),
    pool,
    1n,
  );
  expect({ kept: lines.length, rejected, foreign }).toEqual({ kept: 1, rejected: 0, foreign: 2 });
});

test('S57: the same for logs', () => {
  const record = (namespace: string) => ({
    body: { stringValue: 'x' },
    attributes: [text('agent.namespace', namespace)],
  });
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [record('team-b'), record('team-a')] }] }] };
  const { lines, foreign } = renderLogs(
    parseLogsRequest('json', Buffer.from(JSON.stringify(request))),
    pool,
    1n,
  );
  expect({ kept: lines.length, foreign }).toEqual({ kept: 1, foreign: 1 });
});
