/** Records that leave for a sink are told by reach and its diff: where to, of which calls, by which headers, and no secret. */
import { expect, test } from 'vitest';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { computeReach, diffReach, reachSentences } from '../../../policy/reach/index.ts';

function object(kind: string, name: string, spec: object): KubeObject {
  const metadata = { namespace: 'default', name };
  return { apiVersion: 'clrk.apoxy.dev/v1alpha1', kind, metadata, spec } as KubeObject;
}

const agent = object('TaskAgent', 'triage', { workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] });
const gateway = (protocol: string, ...sinks: readonly object[]): KubeObject =>
  object('EgressGateway', 'g', { listeners: [{ name: 'all', protocol }], otlp: { sinks } });
const archive = (part: object = {}) => ({
  name: 'archive',
  endpoint: 'https://archive.example.com',
  ...part,
});
const kept = (spec: object): KubeObject => object('LoggingPolicy', 'kept', spec);
const filters = [
  { type: 'ExtensionRef', extensionRef: { group: 'clrk.apoxy.dev', kind: 'LoggingPolicy', name: 'kept' } },
];
const parentRefs = [{ name: 'g' }];
const web = object('EgressL4Route', 'web', {
  parentRefs,
  rules: [{ matches: [{ destinationHostnames: ['api.stripe.com'], ports: [{ port: 443 }] }], filters }],
});
const tools = object('MCPRoute', 'tools', {
  ...{ parentRefs, hostnames: ['mcp.example.com'] },
  rules: [{ matches: [{ tools: ['search'] }], filters }, { matches: [{}] }],
});
const goesOtherwise = (text: string): string =>
  `~ agent \`triage\` goes another way to \`api.stripe.com:443\`: ${text}`;

function diff(before: readonly KubeObject[], after: readonly KubeObject[]): string[] {
  const [old, now] = [before, after].map((objects) => compileManifests(objects, []));
  return diffReach(old!, now!).map(
    ({ direction, sentence }) => `${{ added: '+', removed: '-', changed: '~' }[direction]} ${sentence}`,
  );
}
const sentences = (...objects: readonly KubeObject[]): string =>
  reachSentences(computeReach(compileManifests(objects, []))).join('\n');

test('a policy that names a sink is a changed way, and so is a sink that moves, comes or goes', () => {
  const common = [agent, web];
  const plain = [...common, gateway('HTTPS', archive()), kept({})];
  const copied = [...common, gateway('HTTPS', archive()), kept({ sinkRef: 'archive' })];
  const moved = [
    ...common,
    gateway('HTTPS', archive({ endpoint: 'https://else.example.org' })),
    kept({ sinkRef: 'archive' }),
  ];
  const gone = [...common, gateway('HTTPS'), kept({ sinkRef: 'archive' })];
  const now = goesOtherwise('now copying its record to `https://archive.example.com`');
  expect(diff(plain, copied)).toEqual([now]);
  expect(diff(gone, copied)).toEqual([now]);
  expect(diff(copied, gone)).toEqual([
    goesOtherwise('no longer copying its record to `https://archive.example.com`'),
  ]);
  expect(diff(copied, moved)).toEqual([
    goesOtherwise(
      'now copying its record to `https://else.example.org`; no longer copying its record to `https://archive.example.com`',
    ),
  ]);
  // Of a sink that nobody names nothing is told.
  expect(diff([...common, gateway('HTTPS'), kept({})], plain)).toEqual([]);
});

test('bytes that nobody reads are recorded too', () => {
  const [before, after] = [{}, { sinkRef: 'archive' }].map((spec) => [
    agent,
    web,
    gateway('TLS', archive()),
    kept(spec),
  ]);
  expect(sentences(...after!)).toContain('copying its record to `https://archive.example.com`');
  expect(diff(before!, after!)).toEqual([
    '~ agent `triage` goes another way to `api.stripe.com:443` over TLS: now copying its record to `https://archive.example.com`; no longer as any other',
  ]);
});

test('of tools, those alone whose rule has the policy', () => {
  const text = sentences(agent, tools, gateway('HTTPS', archive()), kept({ sinkRef: 'archive' }));
  expect(text).toContain(
    'messages about tools `search`, recorded whole, copying its record to `https://archive.example.com`',
  );
  expect(text.match(/copying its record/g)).toHaveLength(1);
});

test('headers are told by name, with the Secret or a digest and never a value', () => {
  const sink = archive({
    headers: { 'x-team': 'written-out' },
    headersFrom: [{ name: 'authorization', secretRef: { name: 'otel', key: 'k' } }],
  });
  const text = sentences(agent, web, gateway('HTTPS', sink), kept({ sinkRef: 'archive' }));
  expect(text).toMatch(
    /copying its record to `https:\/\/archive\.example\.com` with header `x-team` of digest `[0-9a-f]{8}` with credential `default\/otel\/k` in header `authorization`/,
  );
  expect(text).not.toContain('written-out');
});
