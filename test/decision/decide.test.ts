import { describe, expect, test } from 'vitest';
import type { GatewayConfig, ProviderRule } from '../../contract/index.ts';
import { PolicyIndex, refuse, SitePlans, type Call } from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { ask, call, naming, render, site } from './asking.ts';

const rule = (models: string[], change: Partial<ProviderRule> = {}): ProviderRule => ({
  matches: [{ provider: 'openai', models, endpoints: [] }],
  filters: [],
  backends: [],
  ...change,
});
const backend = (host: string, change: Partial<ProviderRule['backends'][number]> = {}) => ({
  ...{
    name: host,
    weight: 1,
    schema: 'openai',
    host,
    port: 443,
    modelRewrites: [],
    ensureStreamUsage: false,
  },
  ...change,
});

function config(rules: ProviderRule[], change: Partial<GatewayConfig> = {}): GatewayConfig {
  const providerRoutes = [{ route: { namespace: 'default', name: 'llm' }, rules }];
  return createConfig('192.0.2.1', 443, { providerRoutes, ...change });
}

const openai = 'allow api.openai.com:443';
const l4 = (hostname: string) => ({
  route: 'EgressL4Route/default/l4',
  hostnames: [hostname],
  cidrs: [],
  ports: [],
  protocol: 'TCP' as const,
});

describe('which calls a rule about models takes', () => {
  test.each<[string, Partial<Call>, string]>([
    ['its model', {}, openai],
    ['another model', naming('o1'), '403 model'],
    ['before the body was read', { body: { kind: 'unread' } }, 'need-body model'],
    [
      'a form, before it was read',
      { body: { kind: 'unread' }, path: '/v1/audio/translations' },
      'need-body form-model',
    ],
    ['no model named', naming(undefined), '403 model'],
    [
      'a body that nobody can read',
      { body: { kind: 'unreadable', refusal: refuse(415, 'protocol', 'utf-8') } },
      '415 protocol',
    ],
    ['a path whose body is no inference request', { path: '/v1/batches' }, '403 model'],
    ['another method', { method: 'PUT' }, '403 model'],
    ['a call that runs none', { method: 'GET', path: '/v1/models', body: { kind: 'none' } }, '403 policy'],
    ['the model in the path', { method: 'GET', path: '/v1/models/gpt-4o', body: { kind: 'none' } }, openai],
    [
      'a WebSocket, each of whose messages names it and is judged',
      { method: 'GET', path: '/v1/responses', upgrade: true, body: { kind: 'none' } },
      openai,
    ],
    [
      'S32: the same with a body, which may name one too',
      { method: 'GET', path: '/v1/responses', upgrade: true, body: { kind: 'inference', model: 'gpt-4o' } },
      '426 model',
    ],
    [
      'S32: a WebSocket whose session names it',
      { method: 'GET', path: '/v1/realtime', upgrade: true, body: { kind: 'none' } },
      '403 model',
    ],
  ])('%s', (_name, change, expected) => {
    expect(render(ask(config([rule(['gpt-4o*'])]), site('api.openai.com'), call(change)))).toBe(expected);
  });

  test('a model nobody can read does not fall to the next rule', () => {
    const rules = [rule(['gpt-4o*'], { filters: [{ type: 'TokenBudget', account: 'a' }] }), rule([])];
    expect(render(ask(config(rules), site('api.openai.com'), call(naming(undefined))))).toBe('403 model');
    expect(render(ask(config(rules), site('api.openai.com'), call(naming('o1'))))).toBe(openai);
  });

  test('S48: under a filter that nobody carries out no call passes', () => {
    const rules = [rule(['gpt-4o*'], { filters: [{ type: 'Unsupported', what: 'x' }] }), rule([])];
    expect(render(ask(config(rules), site('api.openai.com'), call()))).toBe('503 limit');
  });

  test('what another route opened passes by no rule, with no secret', () => {
    const base = config([rule(['gpt-4o*'])]);
    const rules = [...base.destinations.rules, l4('api.openai.com')];
    const decision = ask(
      { ...base, destinations: { ...base.destinations, rules } },
      site('api.openai.com'),
      call(naming('o1')),
    );
    expect(render(decision)).toBe(openai);
    expect(decision.kind === 'allow' && decision.candidates[0].injection).toBeUndefined();
  });
});

describe('where a call is sent', () => {
  test('to a Backend of its own API, by weight and the same one for an invocation', () => {
    const backends = [
      backend('a.example.com', { weight: 3 }),
      backend('b.example.com'),
      backend('c.example.com', { weight: 0 }),
      backend('d.example.com', { schema: 'anthropic' }),
    ];
    const where = site('api.openai.com');
    const target = (invocationId: string): string =>
      render(ask(config([rule([], { backends })]), where, call({ invocationId, path: '/v1/embeddings' })));
    const targets = Array.from({ length: 200 }, (_, index) => target(`i${index}`));
    expect(new Set(targets)).toEqual(new Set(['allow a.example.com:443', 'allow b.example.com:443']));
    expect(targets.filter((each) => each === targets[0]).length).toBeGreaterThan(20);
    expect(target('i7')).toBe(target('i7'));
  });

  test('S39: a rule for `custom` takes the calls of its own Backends alone', () => {
    const custom = (host: string, name: string): ProviderRule => ({
      matches: [{ provider: 'custom', models: [], endpoints: [] }],
      filters: [{ type: 'Unsupported', what: name }],
      backends: [backend(host, { schema: 'custom' })],
    });
    const nobody = { ...custom('a.example.com', 'rule of nobody'), backends: [] };
    const base = config([nobody, custom('a.example.com', 'rule a'), custom('b.example.com', 'rule b')]);
    const opened = ['a.example.com', 'b.example.com'].map((hostname) => ({
      ...l4(hostname),
      route: 'AIProviderRoute/default/llm',
    }));
    const asked = { ...base, destinations: { ...base.destinations, rules: opened } };
    const says = (host: string): string => {
      const decision = ask(asked, site(host), call());
      return decision.kind === 'refuse' ? decision.refusal.message : decision.kind;
    };
    expect(says('a.example.com')).toContain('rule a');
    expect(says('b.example.com')).toContain('rule b');
  });

  test('nowhere when no Backend speaks its API and it is no conversation', () => {
    const backends = [backend('d.example.com', { schema: 'anthropic' })];
    const asked = call({ path: '/v1/embeddings' });
    expect(render(ask(config([rule([], { backends })]), site('api.openai.com'), asked))).toBe('403 policy');
    const socket = call({ method: 'GET', path: '/v1/responses', upgrade: true, body: { kind: 'none' } });
    expect(render(ask(config([rule([], { backends })]), site('api.openai.com'), socket))).toBe('426 policy');
  });

  test('not to a host whose calls an MCPRoute judges', () => {
    const mcpRoutes = [
      { route: { namespace: 'default', name: 'm' }, hostnames: ['a.example.com'], rules: [] },
    ];
    const asked = config([rule([], { backends: [backend('a.example.com')] })], { mcpRoutes });
    expect(render(ask(asked, site('api.openai.com'), call()))).toBe('403 protocol');
  });
});

test('a plan is remembered by everything it depends on: agent, host, literal, port and TLS', () => {
  const base = config([rule([])]);
  const rules = [
    { ...l4('x.example.com'), sourceAgents: ['TaskAgent/default/a'], ports: [{ start: 443, end: 443 }] },
    { ...l4(''), hostnames: [], cidrs: ['203.0.113.7/32'] },
  ];
  const plans = new SitePlans(new PolicyIndex({ ...base, destinations: { ...base.destinations, rules } }));
  const kind = (change: Parameters<typeof site>[1], host = 'x.example.com'): string =>
    plans.at(site(host, change)).kind;
  expect(kind({})).toBe('open');
  expect(kind({ agent: 'TaskAgent/default/b' })).toBe('shut');
  expect(kind({ port: 444 })).toBe('shut');
  expect(kind({}, 'y.example.com')).toBe('shut');
  expect(kind({ hostname: undefined, ip: '203.0.113.7' })).toBe('open');
  expect(kind({ hostname: undefined, ip: '203.0.113.8' })).toBe('shut');
  const tlsOf = (tls: boolean): boolean | undefined => {
    const plan = plans.at(site('x.example.com', { tls }));
    return plan.kind === 'open' ? plan.otherwise?.ways[0]?.target.tls : undefined;
  };
  expect([tlsOf(true), tlsOf(false), tlsOf(true)]).toEqual([true, false, true]);
});

describe('Backends that are tried in turn', () => {
  const fallback = { retries: 5, statuses: [503], maxEjectionMs: 1 };
  const backends = (...all: ReadonlyArray<ReturnType<typeof backend>>): GatewayConfig =>
    createConfig('192.0.2.1', 443, {
      providerRoutes: [
        {
          route: { namespace: 'default', name: 'llm' },
          fallback,
          rules: [rule(['gpt-4*'], { backends: [...all] })],
        },
      ],
      credentials: [],
    });
  const hosts = (asked: GatewayConfig, change: Partial<Call> = {}): string => {
    const decision = ask(asked, site('api.openai.com'), call(change));
    return decision.kind === 'allow'
      ? decision.candidates.map(({ target }) => target.hostname).join()
      : render(decision);
  };
  const [a, b] = ['a.example.com', 'b.example.com'].map((host) => backend(host));
  if (a === undefined || b === undefined) throw new Error('no Backends');

  test.each<[string, GatewayConfig, Partial<Call>, string]>([
    ['all of them, in their order', backends(b, a), {}, 'b.example.com,a.example.com'],
    [
      'whatever they weigh',
      backends({ ...b, weight: 1 }, { ...a, weight: 9 }),
      {},
      'b.example.com,a.example.com',
    ],
    ['but not with no weight at all', backends({ ...b, weight: 0 }, a), {}, 'a.example.com'],
    [
      'the host that was asked for has its turn',
      backends(a, backend('api.openai.com')),
      {},
      'a.example.com,api.openai.com',
    ],
    [
      'none of another API for what is no conversation',
      backends({ ...a, schema: 'anthropic' }, b),
      { path: '/v1/embeddings' },
      'b.example.com',
    ],
    [
      'nothing where there is no other',
      backends({ ...a, schema: 'anthropic' }),
      { path: '/v1/embeddings' },
      '403 policy',
    ],
    [
      'one of another API for what is one',
      backends({ ...a, schema: 'anthropic' }, b),
      {},
      'a.example.com,b.example.com',
    ],
    [
      'what names a model in its path too',
      backends(a, b),
      { path: '/v1/models/gpt-4o', method: 'GET', body: { kind: 'none' } },
      'a.example.com,b.example.com',
    ],
  ])('%s', (_title, asked, change, expected) => {
    expect(hosts(asked, change)).toBe(expected);
  });

  test('one whose key is missing is passed over; where all are, the call is refused as at the first', () => {
    const key = (name: string) => ({
      policy: { namespace: 'default', name: `key-${name}` },
      target: { kind: 'AIProviderRoute' as const, namespace: 'default', name: 'llm', sectionName: name },
      inject: { type: 'Broken' as const, reason: 'SecretNotFound' },
    });
    const first = { ...backends(a, b), credentials: [key('a.example.com')] };
    expect(hosts(first)).toBe('b.example.com');
    const both = { ...first, credentials: [key('a.example.com'), key('b.example.com')] };
    expect(ask(both, site('api.openai.com'), call())).toMatchObject({
      kind: 'refuse',
      credentialPolicy: 'default/key-a.example.com',
    });
  });

  test('an EgressDenyPolicy at one of them leaves it out', () => {
    const asked = backends(a, b);
    const denials = [{ ...l4('a.example.com'), policy: 'default/no', route: 'EgressL4Route/default/no' }];
    const denied = { ...asked, destinations: { ...asked.destinations, denials } } as unknown as GatewayConfig;
    expect(hosts(denied)).toBe('b.example.com');
  });
});
