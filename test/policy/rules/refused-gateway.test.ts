/** A gateway that its schema refused is told once: what goes by it is not known, and not said to be nothing. */
import { expect, test } from 'vitest';
import { documents, gateway, judge, object } from '../judge.ts';

const route = object(
  'AIProviderRoute',
  'llm',
  '{ parentRefs: [{ name: gw }], rules: [{ matches: [{ provider: openai, models: [gpt-4o] }] }] }',
);
const key = object(
  'CredentialInjectionPolicy',
  'key',
  '{ targetRefs: [{ kind: AIProviderRoute, name: llm }], secretRef: { name: s }, target: Header, headerName: Authorization }',
);
const refused = object(
  'EgressGateway',
  'gw',
  '{ onUnlisted: Ask, defaultPolicy: allow-all, listeners: [{ name: all, protocol: TCP }] }',
);

test.each([
  ['no gateway', '', ['policy-without-effect', 'route-not-attached']],
  ['a gateway that its schema refused', refused, ['schema']],
  ['a gateway', gateway, []],
])('%s', (_, there, expected) => {
  const told = judge(documents(...[there, route, key].filter((text) => text !== '')));
  expect([...new Set(told.map(({ rule }) => rule))].sort()).toEqual(expected);
});
