/** S39: whose hosts a credential goes to, for every kind of target. */
import { describe, expect, test } from 'vitest';
import { documents, gateway, judge, object } from '../judge.ts';

const backend = (name: string, host: string): string =>
  object('Backend', name, `{ schema: { name: openai }, upstream: { host: ${host} } }`);
const route = (name: string, ...rules: readonly string[]): string =>
  object('AIProviderRoute', name, `{ parentRefs: [{ name: gw }], rules: [${rules.join(', ')}] }`);
const to = (...names: readonly string[]): string =>
  `{ matches: [{ provider: openai }], backendRefs: [${names.map((name) => `{ name: ${name} }`).join(', ')}] }`;
const openai = '{ matches: [{ provider: openai }] }';
const mcp = (name: string, ...hosts: readonly string[]): string =>
  object('MCPRoute', name, `{ parentRefs: [{ name: gw }], hostnames: [${hosts.map((host) => `"${host}"`).join(', ')}] }`);
const key = (target: string, secret = 'openai', name = `k-${secret}`): string =>
  object(
    'CredentialInjectionPolicy',
    name,
    `{ targetRefs: [${target}], secretRef: { name: ${secret} }, target: Header, headerName: Authorization }`,
  );
const wholeRoute = '{ kind: AIProviderRoute, name: r }';
const only = (name: string): string => `{ kind: AIProviderRoute, name: r, sectionName: ${name} }`;
const wholeGateway = '{ kind: EgressGateway, name: gw }';

const told = (...texts: readonly string[]): string[] =>
  judge(documents(gateway, ...texts)).flatMap(({ rule, object: about }) =>
    rule.startsWith('credential-') ? [`${rule} ${about}`] : [],
  );

const foreign = 'credential-foreign-host CredentialInjectionPolicy t/k-openai';
const many = 'credential-many-hosts CredentialInjectionPolicy t/k-openai';

describe('S39: a provider’s key stays with the provider', () => {
  test.each([
    ['a Backend of somebody else', [backend('evil', 'evil.example.net'), route('r', to('evil')), key(wholeRoute)], [foreign]],
    ['a look-alike', [backend('evil', 'api.openai.com.example.net'), route('r', to('evil')), key(wholeRoute)], [foreign]],
    ['one of two', [backend('own', 'api.openai.com'), backend('evil', 'e.example.net'), route('r', to('own', 'evil')), key(wholeRoute)], [foreign]],
    ['a second rule', [backend('evil', 'e.example.net'), route('r', openai, to('evil')), key(wholeRoute)], [foreign]],
    ['the provider’s own host', [backend('own', 'api.openai.com'), route('r', to('own')), key(wholeRoute)], []],
    ['bound to that Backend', [backend('evil', 'e.example.net'), route('r', to('evil')), key(only('evil'), 'reseller')], []],
  ])('%s', (_, texts, expected) => {
    expect(told(...texts)).toEqual(expected);
  });
});

describe('S39: one key, one party', () => {
  test.each([
    ['a gateway with two hosts', [route('r', openai), mcp('m', 'mcp.example.net'), key(wholeGateway)], [many]],
    ['a gateway with a wildcard', [mcp('m', '*.example.net', 'x.example.net'), key(wholeGateway)], [many]],
    ['a gateway with a range', [route('r', openai), object('EgressL4Route', 'l', '{ parentRefs: [{ name: gw }], rules: [{ matches: [{ destinationCIDRs: [203.0.113.0/24] }] }] }'), key(wholeGateway)], [many]],
    ['a gateway with one host', [mcp('m', 'mcp.example.net'), key(wholeGateway)], []],
    ['a gateway with one provider of many hosts', [route('r', '{ matches: [{ provider: bedrock }] }'), key(wholeGateway)], []],
    ['an MCPRoute of two owners', [mcp('m', 'mcp.example.net', 'mcp.example.org'), key('{ kind: MCPRoute, name: m }')], [many]],
    ['an MCPRoute of one owner', [mcp('m', 'a.example.net', 'b.example.net'), key('{ kind: MCPRoute, name: m }')], []],
    [
      'one Secret by two policies',
      [route('r', openai), mcp('m', 'mcp.example.net'), key(wholeRoute), key('{ kind: MCPRoute, name: m }', 'openai', 'k-two')],
      [many, 'credential-many-hosts CredentialInjectionPolicy t/k-two'],
    ],
    [
      'one Secret for two Backends of two owners',
      [backend('a', 'a.example.net'), backend('b', 'b.example.org'), route('r', to('a', 'b')), key(`${only('a')}, ${only('b')}`)],
      [many, many],
    ],
    [
      'a Secret each',
      [backend('a', 'a.example.net'), backend('b', 'b.example.org'), route('r', to('a', 'b')), key(only('a'), 'a'), key(only('b'), 'b')],
      [],
    ],
  ])('%s', (_, texts, expected) => {
    expect(told(...texts)).toEqual(expected);
  });
});

test('S39: a Backend without TLS is told by its own namespace, which need not be that of the key', () => {
  const open = object(
    'EgressGateway',
    'gw',
    '{ listeners: [{ name: all, protocol: TCP, allowedRoutes: { namespaces: { from: All } } }] }',
  );
  const plain = object('Backend', 'own', '{ schema: { name: openai }, upstream: { host: llm.models.svc, scheme: http } }');
  const parent = '{ name: gw, namespace: t }';
  const elsewhere = object('AIProviderRoute', 'r', `{ parentRefs: [${parent}], rules: [${to('own')}] }`);
  const there = [plain, elsewhere].map((each) => each.replace('namespace: t', 'namespace: u'));
  const found = judge(documents(open, ...there, key(wholeGateway)));
  expect(found.filter(({ rule }) => rule === 'credential-in-the-clear').map(({ message }) => message)).toEqual([
    'Backend u/own has no TLS (scheme http), so calls with this credential are refused there',
  ]);
});
