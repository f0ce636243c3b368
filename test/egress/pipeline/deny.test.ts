import { describe, expect, test } from 'vitest';
import {
  decideDestination,
  providerOfHost,
  type GatewayConfig,
  type Hostname,
} from '../../../contract/index.ts';
import type { Call } from '../../../egress/pipeline/call.ts';
import { judgeRelay } from '../../../egress/pipeline/deny.ts';
import { judgeAnswers } from '../../../egress/pipeline/dial.ts';
import { routeCall } from '../../../egress/pipeline/route.ts';
import { createConfig } from '../gateway-config.ts';

type Rule = NonNullable<GatewayConfig['providerDenials']>[number]['rules'][number];
type Match = Rule['matches'][number];

const every = (provider: string, change: Partial<Match> = {}): Match => ({
  provider,
  models: [],
  endpoints: [],
  ...change,
});
const answer = { policy: { namespace: 'default', name: 'no' }, status: 451, message: 'not from here' };

function denying(matches: readonly Match[], change: Partial<GatewayConfig> = {}): GatewayConfig {
  const rules: Rule[] = [{ matches: [...matches], filters: [], backends: [] }];
  const providerDenials = [{ route: { namespace: 'default', name: 'denied' }, answer, rules }];
  return createConfig('192.0.2.1', 443, { providerDenials, ...change });
}

function call(host: string, change: Partial<Call> = {}): Call {
  const peer = {
    agent: { kind: 'TaskAgent' as const, namespace: 'default', name: 'a' },
    agentId: 'TaskAgent/default/a',
    uid: 'u',
    revision: 'r',
    invocationId: 'i',
    traceparent: undefined,
    hostname: host as Hostname,
    ip: '198.18.0.1',
    port: 443,
  };
  const line = { method: 'POST', target: '/v1/x', path: '/v1/x', fields: [] };
  return { peer, tls: true, ...line, provider: providerOfHost(host as Hostname), model: 'gpt-4o', ...change };
}

function verdict(config: GatewayConfig, asked: Call, final = true): string {
  const route = routeCall(config, asked, final);
  return route.kind === 'refuse' ? `${route.status} ${route.reason}` : route.kind;
}

describe('EgressDenyPolicy at an AIProviderRoute', () => {
  test.each<[string, readonly Match[], Call, string]>([
    ['nothing denied', [], call('api.openai.com'), 'route'],
    ['the provider', [every('openai')], call('api.openai.com'), '451 deny_policy'],
    ['another provider', [every('google')], call('api.openai.com'), 'route'],
    ['the model', [every('openai', { models: ['gpt-4o*'] })], call('api.openai.com'), '451 deny_policy'],
    ['another model', [every('openai', { models: ['o1*'] })], call('api.openai.com'), 'route'],
    [
      'a model nobody can read',
      [every('openai', { models: ['o1*'] })],
      call('api.openai.com', { model: undefined }),
      '451 deny_policy',
    ],
    ['the endpoint', [every('openai', { endpoints: ['/v1/*'] })], call('api.openai.com'), '451 deny_policy'],
    [
      'a path read in two ways',
      [every('openai', { endpoints: ['/v2/*'] })],
      call('api.openai.com', { path: '/v1/%2e%2e/v2' }),
      '451 deny_policy',
    ],
    [
      'a glob nobody can read',
      [every('openai', { models: ['[a'] })],
      call('api.openai.com'),
      '451 deny_policy',
    ],
    ['what an L4 route opened', [every('custom')], call('files.example.com'), '451 deny_policy'],
  ])('%s', (_name, matches, asked, expected) => {
    expect(verdict(denying(matches), asked)).toBe(expected);
  });

  test('waits for the model before it lets a call go', () => {
    const config = denying([every('openai', { models: ['o1*'] })]);
    expect(verdict(config, call('api.openai.com', { model: undefined }), false)).toBe('need-model');
  });

  test('is not evaded by a Backend of another route', () => {
    const base = createConfig('192.0.2.1', 443);
    const backend = {
      name: 'b',
      weight: 1,
      schema: 'openai',
      host: 'api.anthropic.com',
      port: 443,
      modelRewrites: [],
      ensureStreamUsage: false,
    };
    const [route] = base.providerRoutes;
    const rules = (route?.rules ?? []).map((rule) => ({ ...rule, backends: [backend] }));
    const providerRoutes = [{ route: { namespace: 'default', name: 'llm' }, rules }];
    expect(verdict(denying([], { providerRoutes }), call('api.openai.com'))).toBe('route');
    expect(verdict(denying([every('anthropic')], { providerRoutes }), call('api.openai.com'))).toBe(
      '451 deny_policy',
    );
  });

  test('bytes nobody reads go to no host it names', () => {
    const config = denying([every('openai')]);
    expect(judgeRelay(config, call('api.openai.com').peer)?.reason).toBe('deny_policy');
    expect(judgeRelay(config, call('files.example.com').peer)).toBeUndefined();
    const mcpRoutes = [
      { route: { namespace: 'default', name: 'm' }, hostnames: ['files.example.com'], rules: [] },
    ];
    expect(judgeRelay(denying([], { mcpRoutes }), call('files.example.com').peer)?.reason).toBe('protocol');
  });
});

describe('EgressDenyPolicy at an EgressL4Route', () => {
  const rule = {
    route: 'EgressL4Route/default/x',
    hostnames: [] as string[],
    cidrs: [] as string[],
    ports: [],
    protocol: 'TCP' as const,
  };
  const policy = {
    defaultPolicy: 'allow-all' as const,
    rules: [{ ...rule, hostnames: ['*.example.com'], cidrs: ['203.0.113.0/24'] }],
    denials: [
      { ...rule, hostnames: ['bad.example.com'], cidrs: ['203.0.113.7/32'], policy: 'default/no' },
      { ...rule, hostnames: ['mail.example.com'], ports: [{ start: 25, end: 25 }], policy: 'default/no' },
    ],
    platformCidrs: [],
  };
  const agent = 'TaskAgent/default/a';
  test.each([
    ['a name', { hostname: 'bad.example.com' as Hostname, port: 443 }, 'deny_policy'],
    ['a name, as DNS asks', { hostname: 'bad.example.com' as Hostname }, 'deny_policy'],
    ['an address', { ip: '203.0.113.7', port: 443 }, 'deny_policy'],
    ['a port', { hostname: 'mail.example.com' as Hostname, port: 25 }, 'deny_policy'],
    ['another port', { hostname: 'mail.example.com' as Hostname, port: 443 }, 'open'],
    ['one port, as DNS asks', { hostname: 'mail.example.com' as Hostname }, 'open'],
    ['another name', { hostname: 'good.example.com' as Hostname, port: 443 }, 'open'],
  ])('%s', (_name, destination, expected) => {
    const verdict_ = decideDestination(policy, { agent, ...destination });
    expect(verdict_.open ? 'open' : verdict_.reason).toBe(expected);
  });

  test('a name that resolves to a denied address is not dialled', () => {
    const request = {
      agentId: agent,
      hostname: 'good.example.com' as Hostname,
      port: 443,
      pinned: undefined,
    };
    expect(judgeAnswers(policy, request, ['203.0.113.8']).kind).toBe('addresses');
    expect(judgeAnswers(policy, request, ['203.0.113.7'])).toEqual({
      kind: 'refused',
      reason: 'deny_policy',
    });
  });
});
