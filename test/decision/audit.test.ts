/** A gateway that audits: what it lets through beyond its routes, what it never does, and what it says of it. */
import { describe, expect, test } from 'vitest';
import type { GatewayConfig } from '../../contract/index.ts';
import { ask, call, naming, render, site } from './asking.ts';
import { routedConfig, ruleOf } from './routed-config.ts';

const config = (change: Partial<GatewayConfig['destinations']> = {}): GatewayConfig =>
  routedConfig({ defaultPolicy: 'allow-all', audit: true, ...change });

const get = call({ method: 'GET', path: '/a', body: { kind: 'none' } });
const literal = (ip: string) => site('', { hostname: undefined, ip });

test.each([
  [
    'a host that no route names',
    site('other.example.com'),
    get,
    ['policy', 'EgressHTTPRoute: hostnames [other.example.com], methods [GET], path Exact /a'],
  ],
  [
    'another port',
    site('l4.example.com', { port: 8443 }),
    get,
    ['policy', 'EgressHTTPRoute: hostnames [l4.example.com], ports [8443], methods [GET], path Exact /a'],
  ],
  [
    'a model that no rule names',
    site('api.openai.com'),
    call(naming('o3')),
    ['model', 'AIProviderRoute: provider openai, models [o3]'],
  ],
  [
    'a provider that no route opens',
    site('api.anthropic.com'),
    call({ path: '/v1/models', method: 'GET', body: { kind: 'none' } }),
    ['policy', 'AIProviderRoute: provider anthropic, endpoints [/v1/models]'],
  ],
  [
    'an address',
    literal('93.184.216.34'),
    get,
    ['ip_literal', 'EgressL4Route: destinationCIDRs [93.184.216.34/32], ports [443]'],
  ],
])(
  '%s passes, without a key, and is told with what would open it',
  (_title, where, asked, [reason, opens]) => {
    const decision = ask(config(), where, asked);
    expect(decision).toMatchObject({ kind: 'allow', wouldDeny: { reason, opens } });
    // S39: nobody wrote that call down, so no key of the gateway's goes on it.
    expect(decision.kind === 'allow' && decision.candidates[0].injection).toBeUndefined();
    const enforced = {
      ...config(),
      destinations: { ...config().destinations, defaultPolicy: 'deny-all' as const },
    };
    expect(ask(enforced, where, asked)).toMatchObject({ kind: 'refuse', refusal: { reason } });
  },
);

test.each([
  ['a call of a rule', site('api.openai.com'), call()],
  ['a call of an L4 route', site('l4.example.com'), get],
])('%s passes as ever, with its key', (_title, where, asked) => {
  const decision = ask(config(), where, asked);
  expect(decision).toMatchObject({ kind: 'allow', wouldDeny: undefined });
  expect(decision.kind === 'allow' && decision.candidates[0].injection?.policies).toEqual(['default/key']);
});

describe('what a gateway never lets through', () => {
  test.each([
    ['S25: metadata', literal('169.254.169.254'), 'link_local'],
    ['S26: loopback', literal('127.0.0.1'), 'loopback'],
    ['S26: a private address', literal('10.1.2.3'), 'private'],
    ['S26: the platform', literal('203.0.113.9'), 'platform'],
  ])('%s', (_title, where, reason) => {
    expect(render(ask(config(), where, get))).toBe(`403 ${reason}`);
  });

  test('what an EgressDenyPolicy denies', () => {
    const denials = [{ ...ruleOf('EgressL4Route/default/ban', 'bad.example.com'), policy: 'default/ban' }];
    expect(render(ask(config({ denials }), site('bad.example.com'), get))).toBe('403 deny_policy');
  });

  test('a tool that the MCPRoute of its host does not allow', () => {
    const allows = { servers: [], tools: ['ls'], toolsRegex: [], resources: [], methods: [] };
    const rules = [{ matches: [allows], toolPolicies: [], unsupported: [] }];
    const route = { route: { namespace: 'default', name: 'tools' }, hostnames: ['mcp.example.com'], rules };
    const tools = { ...config(), mcpRoutes: [route] };
    const message = { method: 'tools/call', id: 1, params: { name: 'rm' } };
    const body = { kind: 'rpc' as const, rpc: { batch: false, messages: [message] } };
    expect(ask(tools, site('mcp.example.com'), call({ body }))).toMatchObject({ kind: 'refuse' });
  });
});
