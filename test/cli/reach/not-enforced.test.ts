/** What reach says that this version does not carry out. */
import { expect, test } from 'vitest';
import type { CompiledObject } from '../../../cli/reach/compiled-object.ts';
import { notEnforcedLines } from '../../../cli/reach/not-enforced.ts';

const object = (kind: string, name: string, spec: object, namespace?: string): CompiledObject => ({
  apiVersion: 'clrk.apoxy.dev/v1alpha1',
  kind,
  metadata: namespace === undefined ? { name } : { name, namespace },
  spec,
});
const backend = (name: string, schema: string, namespace?: string): CompiledObject =>
  object('Backend', name, { schema: { name: schema }, upstream: { host: 'x.example.com' } }, namespace);
const route = (refs: object[]): CompiledObject =>
  object('AIProviderRoute', 'r', {
    rules: [{ matches: [{ provider: 'openai', endpoints: ['/v1/embeddings'] }], backendRefs: refs }],
  });

test.each<[string, CompiledObject[], string[]]>([
  ['a Backend of the API that is called', [backend('a', 'openai'), route([{ name: 'a' }])], []],
  [
    'one of another',
    [backend('a', 'openai'), backend('c', 'anthropic'), route([{ name: 'a' }, { name: 'c' }])],
    [
      'AIProviderRoute default/r Backend c (anthropic) gets none of the calls to the providers of its rule, only those to its own host',
    ],
  ],
  [
    'one of another namespace is not it',
    [backend('c', 'anthropic', 'other'), route([{ name: 'c' }, { name: 'c', namespace: 'other' }])],
    [],
  ],
])('%s', (_title, objects, expected) => {
  expect(notEnforcedLines(objects).map((line) => line.split(':')[0])).toEqual(expected);
});
