/** Receivers of records that get none, or get them in the clear. */
import { expect, test } from 'vitest';
import { documents, judge, object } from '../judge.ts';

const gateway = (otlp: string): string =>
  object('EgressGateway', 'gw', `{ otlp: { ${otlp} }, listeners: [{ name: all, protocol: TCP }] }`);

const fromSecret = (name: string): string => `headersFrom: [{ name: ${name}, secretRef: { name: otel } }]`;

test.each([
  ['TLS', 'endpoint: "https://otel.example.com"', []],
  ['a collector in the cluster', 'endpoint: "http://collector.obs.svc:4318"', []],
  ['the port of gRPC', 'endpoint: "https://otel.example.com:4317"', ['gRPC']],
  ['in the clear', 'endpoint: "http://otel.example.com:4318"', ['in the clear']],
  ['loopback', 'endpoint: "http://127.0.0.1:4318"', ['never open']],
  ['loopback in one number', 'endpoint: "http://2130706433:4318"', ['never open']],
  ['metadata', 'endpoint: "http://169.254.169.254/"', ['never open']],
  ['metadata over IPv6', 'endpoint: "http://[fd00:ec2::254]/"', ['never open']],
  ['a user', 'endpoint: "https://me@otel.example.com"', ['without user']],
  ['a header that is none', 'endpoint: "https://a.example.com", headers: { "a b": c }', ['stands twice']],
  ['a header of OTLP', 'endpoint: "https://a.example.com", headers: { Content-Type: x }', ['stands twice']],
  ['a header twice', `endpoint: "https://a.example.com", headers: { X-Key: c }, ${fromSecret('x-key')}`, ['stands twice']],
  ['a sink in the clear', 'sinks: [{ name: a, endpoint: "http://a.example.com" }]', ['in the clear']],
  ['a sink at loopback', 'sinks: [{ name: a, endpoint: "http://127.1:4318" }]', ['sink a.endpoint is an address that is never open']],
  ['a header of a sink twice', `sinks: [{ name: a, endpoint: "https://a.example.com", headers: { X-Key: c }, ${fromSecret('x-key')} }]`, ['header of sink a']],
  ['a sink over TLS', 'sinks: [{ name: a, endpoint: "https://a.example.com" }]', []],
  ['headers alone', 'headers: { x-key: a }', []],
])('%s', (_, otlp, expected) => {
  const told = judge(documents(gateway(otlp))).filter(({ rule }) => rule === 'export-endpoint-unfit');
  expect(told).toHaveLength(expected.length);
  for (const [index, text] of expected.entries()) expect(told[index]?.message).toContain(text);
});
