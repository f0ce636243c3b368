/** Backends that a FallbackRoutingPolicy can or cannot fall back between, and those that no call can be sent to. */
import { expect, test } from 'vitest';
import { documents, judge, object } from '../judge.ts';

const gateway = object('EgressGateway', 'gw', '{ listeners: [{ name: all, protocol: TCP }] }');
const backend = (name: string, schema: string): string =>
  object('Backend', name, `{ schema: { name: ${schema} }, upstream: { host: ${name}.example.com } }`);
const route = (refs: string, providers = '{ provider: openai, endpoints: [/v1/embeddings] }'): string =>
  object(
    'AIProviderRoute',
    'r',
    `{ parentRefs: [{ name: gw }], rules: [{ matches: [${providers}], backendRefs: [${refs}] }] }`,
  );
const policy = object(
  'FallbackRoutingPolicy',
  'f',
  '{ targetRefs: [{ group: clrk.apoxy.dev, kind: AIProviderRoute, name: r }] }',
);
const both = '{ provider: openai, endpoints: [/v1/embeddings] }, { provider: anthropic }';
const [a, b, c] = [backend('a', 'openai'), backend('b', 'openai'), backend('c', 'anthropic')];

test.each<[string, string[], string[]]>([
  ['two of one API', [a, b, route('{ name: a }, { name: b }'), policy], []],
  ['one alone', [a, route('{ name: a }'), policy], ['policy-without-effect']],
  [
    'a second one of another API',
    [a, c, route('{ name: a }, { name: c }'), policy],
    ['policy-without-effect', 'translation-impossible'],
  ],
  ['one of each API, for calls of both', [a, c, route('{ name: a }, { name: c }', both), policy], ['policy-without-effect']],
  ['a second one of no weight', [a, b, route('{ name: a }, { name: b, weight: 0 }'), policy], ['policy-without-effect']],
  ['another API, without a policy', [c, route('{ name: c }')], ['translation-impossible']],
  ['any API for custom', [c, route('{ name: c }', '{ provider: custom }')], []],
])('%s', (_title, texts, expected) => {
  const rules = ['policy-without-effect', 'translation-impossible'];
  const told = judge(documents(gateway, ...texts)).map(({ rule }) => rule);
  expect(told.filter((rule) => rules.includes(rule)).sort()).toEqual(expected);
});
