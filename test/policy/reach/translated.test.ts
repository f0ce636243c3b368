/** Backends of another API in a reviewer's words: who gets which conversations. */
import { expect, test } from 'vitest';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import { computeReach, reachSentences } from '../../../policy/reach/index.ts';

function object(kind: string, name: string, spec: object): KubeObject {
  return {
    ...{ apiVersion: 'clrk.apoxy.dev/v1alpha1', kind },
    ...{ metadata: { namespace: 'team', name }, spec },
  };
}

const base = [
  object('TaskAgent', 'triage', { workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] }),
  object('EgressGateway', 'g', { listeners: [{ name: 'tls', protocol: 'HTTPS' }] }),
];

const told = (match: object): string[] =>
  reachSentences(
    computeReach(
      compileManifests(
        [
          ...base,
          object('Backend', 'gpt', { schema: { name: 'openai' }, upstream: { host: 'llm.example.com' } }),
          object('AIProviderRoute', 'llm', {
            parentRefs: [{ name: 'g' }],
            rules: [{ matches: [match], backendRefs: [{ name: 'gpt' }] }],
          }),
        ],
        [],
      ),
    ),
  ).filter((sentence) => sentence.includes('api.anthropic.com'));

test.each([
  ['a model', { provider: 'anthropic', models: ['claude-*'] }],
  ['no model', { provider: 'anthropic' }],
])('of a rule that names %s', (_, match) => {
  const [sentence = ''] = told(match);
  expect(sentence).toContain('sent to Backend `gpt` at `llm.example.com:443` translated to `openai`');
  expect(sentence).toContain('only conversations');
});

test('what is no conversation goes to none', () => {
  expect(told({ provider: 'anthropic', endpoints: ['/v1/messages/count_tokens'] }).join()).not.toContain(
    'translated',
  );
});
