/** A Backend without TLS is told by reach, and a Backend that loses its TLS is a changed way. */
import { expect, test } from 'vitest';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { computeReach, diffReach, reachSentences } from '../../../policy/reach/index.ts';

function object(kind: string, name: string, spec: object): KubeObject {
  const metadata = { namespace: 'default', name };
  return { apiVersion: 'clrk.apoxy.dev/v1alpha1', kind, metadata, spec } as KubeObject;
}

const agent = object('TaskAgent', 'triage', { workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] });
const hostAliases = [{ ip: '10.1.2.3', hostnames: ['vllm.models.svc'] }];
const gateway = object('EgressGateway', 'g', {
  listeners: [{ name: 'all', protocol: 'HTTPS' }],
  upstreamTLS: { hostAliases },
});
const route = object('AIProviderRoute', 'llm', {
  parentRefs: [{ name: 'g' }],
  rules: [{ matches: [{ provider: 'openai' }], backendRefs: [{ name: 'vllm' }] }],
});
const backend = (scheme?: string): KubeObject =>
  object('Backend', 'vllm', {
    schema: { name: 'openai' },
    upstream: { host: 'vllm.models.svc', port: 8000, scheme },
  });

test('in plain HTTP: where calls of a provider go, and what is called by its own name over TLS', () => {
  const text = reachSentences(
    computeReach(compileManifests([agent, gateway, route, backend('http')], [])),
  ).join('\n');
  expect(text).toMatch(
    /`api\.openai\.com:443` over HTTPS: .*sent to Backend `vllm` at `vllm\.models\.svc:8000` in plain HTTP/,
  );
  expect(text).toMatch(/`vllm\.models\.svc:8000` over HTTPS: .*in plain HTTP/);
});

test('a Backend that has TLS no more is a changed way', () => {
  const [before, after] = [backend(), backend('http')].map((each) =>
    compileManifests([agent, gateway, route, each], []),
  );
  const texts = diffReach(before!, after!).map(({ sentence }) => sentence);
  expect(texts.join('\n')).toContain('now sent to `vllm.models.svc:8000`, in plain HTTP');
});
