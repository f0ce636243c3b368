import { describe, expect, test } from 'vitest';
import type { GatewayConfig, GatewayCredential, Hostname } from '../../contract/index.ts';
import { awsRegionOf } from '../../decision/aws-region.ts';
import { PolicyIndex, SitePlans, withToken, type Site } from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { ask, call, site } from './asking.ts';

const header = (value: string) => ({ type: 'Header' as const, name: 'Authorization', value });
const policy = { namespace: 'default', name: 'p' };
const on = (
  kind: GatewayCredential['target']['kind'],
  name: string,
  change: Partial<GatewayCredential['target']> = {},
): GatewayCredential['target'] => ({ kind, namespace: 'default', name, ...change });

const rule = (route: string, hostname: string, ...ports: number[]) => ({
  route,
  hostnames: [hostname],
  cidrs: [],
  ports: ports.map((port) => ({ start: port, end: port })),
  protocol: 'TCP' as const,
});
const mcpRoutes = [
  { route: { namespace: 'default', name: 'tools' }, hostnames: ['mcp.example.com'], rules: [] },
];

/** One policy with every kind of route: `llm` opens api.openai.com:443, `tools` mcp.example.com:443, `l4` any port of both. */
function config(target: GatewayCredential['target'], change: Partial<GatewayConfig> = {}): GatewayConfig {
  return createConfig('192.0.2.1', 443, {
    destinations: {
      defaultPolicy: 'deny-all',
      rules: [
        rule('EgressL4Route/default/l4', 'api.openai.com'),
        rule('EgressL4Route/default/l4', 'mcp.example.com'),
        rule('EgressL4Route/default/l4', 'other.example.com'),
        rule('AIProviderRoute/default/llm', 'api.openai.com', 443),
        rule('MCPRoute/default/tools', 'mcp.example.com', 443),
      ],
      platformCidrs: [],
    },
    mcpRoutes,
    credentials: [{ policy, target, inject: header('Bearer k') }],
    ...change,
  });
}

const rpc = {
  kind: 'rpc' as const,
  rpc: { batch: false, messages: [{ method: 'ping', id: 1, params: {} }] },
};

/** The policies whose secret goes on a call, or the status it is refused with. */
function keyed(policyOf: GatewayConfig, where: Site): readonly string[] | number {
  const body = where.hostname === 'mcp.example.com' ? rpc : call().body;
  const decision = ask(policyOf, where, call({ body }));
  if (decision.kind === 'need-body' || decision.kind === 'ask') throw new Error('the body was there');
  return decision.kind === 'refuse'
    ? decision.refusal.status
    : (decision.candidates[0].injection?.policies ?? []);
}

describe('S39: a secret goes only where its policy says, whatever was asked before', () => {
  const places: Record<string, Site> = {
    provider: site('api.openai.com'),
    'provider, other port': site('api.openai.com', { port: 8443 }),
    mcp: site('mcp.example.com'),
    'mcp, other port': site('mcp.example.com', { port: 8443 }),
    other: site('other.example.com'),
  };
  test.each<[string, GatewayCredential['target'], string[]]>([
    ['its AIProviderRoute', on('AIProviderRoute', 'llm'), ['provider']],
    ['another AIProviderRoute', on('AIProviderRoute', 'other'), []],
    ['another namespace', on('AIProviderRoute', 'llm', { namespace: 'x' }), []],
    ['a backend that was not chosen', on('AIProviderRoute', 'llm', { sectionName: 'b' }), []],
    ['its MCPRoute', on('MCPRoute', 'tools'), ['mcp']],
    ['an MCPRoute of the name of the AIProviderRoute', on('MCPRoute', 'llm'), []],
    ['its gateway', on('EgressGateway', 'main'), Object.keys(places)],
    ['another gateway', on('EgressGateway', 'other'), []],
  ])('%s', (_name, target, expected) => {
    const plans = new SitePlans(new PolicyIndex(config(target)));
    const names = Object.keys(places);
    // Every order of asking, over one index, as a gateway does.
    for (const order of [names, [...names].reverse(), [...names.slice(2), ...names.slice(0, 2)]]) {
      const found = order.filter((name) => {
        const plan = plans.at(places[name]!);
        if (plan.kind === 'shut') throw new Error(`${name} is shut`);
        const ways = [...plan.clauses.flatMap(({ ways: each }) => each), ...(plan.otherwise?.ways ?? [])];
        return ways.some((way) => way.credential.kind === 'inject');
      });
      expect(found.sort()).toEqual([...expected].sort());
    }
    for (const [name, where] of Object.entries(places)) {
      // The model allow list refuses nothing here: gpt-4o is on it.
      expect(keyed(config(target), where)).toEqual(expected.includes(name) ? ['default/p'] : []);
    }
  });

  test('not to a destination only allow-all opened', () => {
    const destinations = { defaultPolicy: 'allow-all' as const, rules: [], platformCidrs: [] };
    expect(keyed(config(on('EgressGateway', 'main'), { destinations }), site('other.example.com'))).toEqual(
      [],
    );
  });

  test('not without TLS', () => {
    const where = site('api.openai.com', { tls: false });
    expect(keyed(config(on('AIProviderRoute', 'llm')), where)).toBe(502);
  });

  test('a rule for `custom` keys no host but those its Backends name', () => {
    const providerRoutes = (backends: Array<{ host: string; port: number }>) => [
      {
        route: { namespace: 'default', name: 'llm' },
        rules: [
          {
            matches: [{ provider: 'custom', models: [], endpoints: [] }],
            filters: [],
            backends: backends.map((backend) => ({
              ...{ name: 'vllm', weight: 1, schema: 'custom', modelRewrites: [], ensureStreamUsage: false },
              ...backend,
            })),
          },
        ],
      },
    ];
    const target = on('AIProviderRoute', 'llm');
    for (const routes of [providerRoutes([]), providerRoutes([{ host: 'vllm.example.com', port: 443 }])]) {
      expect(keyed(config(target, { providerRoutes: routes }), site('other.example.com'))).toEqual([]);
      expect(keyed(config(target, { providerRoutes: routes }), site('mcp.example.com'))).toEqual([]);
    }
  });
});

test('the closest binding wins', () => {
  const credentials = [
    { policy, target: on('AIProviderRoute', 'llm'), inject: header('near') },
    { policy: { ...policy, name: 'far' }, target: on('EgressGateway', 'main'), inject: header('far') },
  ];
  const decision = ask(config(on('AIProviderRoute', 'llm'), { credentials }), site('api.openai.com'), call());
  expect(decision.kind === 'allow' && decision.candidates[0].injection).toMatchObject({
    fields: [{ value: 'near' }],
  });
});

test.each([
  ['S20: a secret with a line feed', header('a\r\nX: b')],
  ['a Secret that is missing', { type: 'Broken' as const, reason: 'SecretNotFound' }],
  ['a signature without its keys', { type: 'AWSv4' as const, region: 'eu-west-1' }],
  [
    'a signature for a host without a region',
    { type: 'AWSv4' as const, keys: { accessKeyId: 'a', secretAccessKey: 'b' } },
  ],
])('%s refuses the call, and says which policy', (_name, inject) => {
  const credentials = [{ policy, target: on('AIProviderRoute', 'llm'), inject }];
  const decision = ask(config(on('AIProviderRoute', 'llm'), { credentials }), site('api.openai.com'), call());
  expect(decision).toMatchObject({
    kind: 'refuse',
    credentialPolicy: 'default/p',
    refusal: { status: 502, code: 'CREDENTIAL_UNAVAILABLE' },
  });
});

describe('a signature', () => {
  const keys = { accessKeyId: 'a', secretAccessKey: 'b' };
  const aws = (
    name: string,
    region: string,
    kind: 'EgressGateway' | 'AIProviderRoute' = 'AIProviderRoute',
  ) => ({
    policy: { ...policy, name },
    target: on(kind, kind === 'EgressGateway' ? 'main' : 'llm'),
    inject: { type: 'AWSv4' as const, keys, region },
  });
  const plain = (
    name: string,
    inject: GatewayCredential['inject'],
    kind: 'EgressGateway' | 'AIProviderRoute',
  ) => ({
    policy: { ...policy, name },
    target: on(kind, kind === 'EgressGateway' ? 'main' : 'llm'),
    inject,
  });
  const injected = (...credentials: GatewayCredential[]) => {
    const asked = config(on('AIProviderRoute', 'llm'), { credentials });
    const decision = ask(asked, site('api.openai.com'), call());
    return decision.kind === 'allow' ? decision.candidates[0].injection : undefined;
  };

  test('of the closer policy is the one', () => {
    expect(injected(aws('near', 'eu-west-1'), aws('far', 'us-east-1', 'EgressGateway'))).toMatchObject({
      signing: { region: 'eu-west-1', service: 'bedrock' },
      origins: [{ policy: 'default/near', place: 'signature', name: 'bedrock/eu-west-1' }],
    });
  });

  test('and a key in the same field: the closer one goes alone', () => {
    expect(injected(aws('near', 'eu-west-1'), plain('far', header('x'), 'EgressGateway'))).toMatchObject({
      fields: [],
      signing: { region: 'eu-west-1' },
    });
    expect(
      injected(plain('near', header('x'), 'AIProviderRoute'), aws('far', 'r', 'EgressGateway')),
    ).toMatchObject({
      fields: [{ value: 'x' }],
      signing: undefined,
      origins: [{ policy: 'default/near' }],
    });
  });

  test('and a key elsewhere go together', () => {
    const other = { type: 'Header' as const, name: 'X-Own', value: 'x' };
    expect(injected(aws('a', 'eu-west-1'), plain('b', other, 'AIProviderRoute'))).toMatchObject({
      fields: [{ name: 'x-own' }],
      signing: { region: 'eu-west-1' },
    });
  });

  test('needs the whole body', () => {
    const asked = config(on('AIProviderRoute', 'llm'), { credentials: [aws('near', 'eu-west-1')] });
    const where = site('api.openai.com');
    expect(ask(asked, where, call({ body: { kind: 'unread' } })).kind).toBe('need-body');
    expect(
      ask(asked, where, call({ method: 'GET', path: '/v1/models', body: { kind: 'none' } })).kind,
    ).not.toBe('need-body');
  });
});

test.each([
  ['bedrock-runtime.us-east-1.amazonaws.com', 'us-east-1'],
  ['bedrock-runtime-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['vpce-0a-b.bedrock-runtime.eu-west-3.vpce.amazonaws.com', 'eu-west-3'],
  ['bedrock-runtime.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['bedrock-mantle.us-west-2.api.aws', 'us-west-2'],
  ['s3.amazonaws.com', undefined],
  ['us-east-1.example.com', undefined],
  ['x.us-east-1amazonaws.com', undefined],
])('the region of %s is %s', (hostname, region) => {
  expect(awsRegionOf(hostname as Hostname)).toBe(region);
});

describe('a token', () => {
  const endpoint = 'https://login.example.com/token';
  const grant = {
    ...{ type: 'ClientCredentials' as const, clientId: 'id', clientSecret: 'secret' },
    clientPlace: 'Header' as const,
  };
  const token = (name: string, namespace = 'default'): GatewayCredential => ({
    policy: { namespace, name },
    target: on('AIProviderRoute', 'llm'),
    inject: { type: 'Token', endpoint, grant },
  });
  const far = (inject: GatewayCredential['inject']): GatewayCredential => ({
    policy: { ...policy, name: 'far' },
    target: on('EgressGateway', 'main'),
    inject,
  });
  const injected = (...credentials: GatewayCredential[]) => {
    const asked = config(on('AIProviderRoute', 'llm'), { credentials });
    const decision = ask(asked, site('api.openai.com'), call());
    return decision.kind === 'allow' ? decision.candidates[0].injection : undefined;
  };

  test('S42: has the field to itself, and records do not show it', () => {
    const injection = injected(token('near'), far(header('x')));
    expect(injection).toMatchObject({
      fields: [],
      token: { namespace: 'default', name: 'near', mayBePrivate: true },
      origins: [{ policy: 'default/near', place: 'token', name: endpoint }],
    });
    expect([...(injection?.names ?? [])]).toEqual(['authorization']);
    expect(withToken(injection!, 't').fields).toEqual([
      { name: 'authorization', raw: 'Authorization', value: 'Bearer t' },
    ]);
  });

  test.each<[string, GatewayCredential['inject']]>([
    ['a key', header('x')],
    ['a signature', { type: 'AWSv4', keys: { accessKeyId: 'a', secretAccessKey: 'b' }, region: 'r' }],
  ])('gives way to %s that is closer', (_title, inject) => {
    const near = { ...token('near'), inject };
    const injection = injected(near, { ...far(token('far').inject) });
    expect(injection).toMatchObject({ token: undefined, origins: [{ policy: 'default/near' }] });
  });

  test('S26: that somebody else than the gateway’s owner wrote is asked for at no private address', () => {
    const other = injected({ ...token('p'), policy: { namespace: 'tenant', name: 'p' } });
    expect(other?.token?.mayBePrivate).toBe(false);
  });
});
