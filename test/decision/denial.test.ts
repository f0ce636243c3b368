import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideDestination, type GatewayConfig, type Hostname } from '../../contract/index.ts';
import {
  decide,
  judgeAnswers,
  parseTarget,
  PolicyIndex,
  SitePlans,
  type Call,
} from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { ask, call, naming, render, site } from './asking.ts';

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

function verdict(matches: readonly Match[], asked = call(), host = 'api.openai.com'): string {
  return render(ask(denying(matches), site(host), asked));
}

const openai = 'allow api.openai.com:443';

describe('EgressDenyPolicy at an AIProviderRoute', () => {
  test.each<[string, Parameters<typeof call>[0], string]>([
    ['by POST', { method: 'POST' }, '451 deny_policy'],
    ['by GET, which another field may turn into POST', {}, '451 deny_policy'],
    ['by GET without a body', { body: { kind: 'none' } }, '451 deny_policy'],
    ['and a parameter that names the method', { queryNames: ['$httpMethod'] }, '400 protocol'],
    ['and one with underscores', { queryNames: ['X_HTTP_Method_Override'] }, '400 protocol'],
    ['and one of Rails', { queryNames: ['_method'] }, '400 protocol'],
  ])('S33: a model in the path is denied %s', (_name, change, expected) => {
    const path = '/v1beta/models/gemini-ultra:generateContent';
    const denials = [every('google', { models: ['gemini-ultra*'] })];
    const base = denying(denials);
    const open = { ...base, destinations: { ...base.destinations, defaultPolicy: 'allow-all' as const } };
    const asked = call({ method: 'GET', path, ...change });
    const host = site('generativelanguage.googleapis.com');
    expect(render(ask(open, host, asked))).toBe(expected);
  });

  test('S46: a model in the query is one that another reader may take', () => {
    const denials = [every('openai', { models: ['o1*'] })];
    expect(verdict(denials, call({ queryNames: ['Model'] }))).toBe('451 deny_policy');
    expect(verdict(denials, call({ queryNames: ['api-version'] }))).toBe(openai);
  });

  test('a host of nobody is read as the match that is about it, whatever the order', () => {
    const custom = every('custom', { models: ['bad'] });
    const azure = every('azure-openai', { models: ['x'] });
    const asked = call({ path: '/openai/deployments/good/chat/completions', ...naming('bad') });
    for (const matches of [
      [custom, azure],
      [azure, custom],
    ]) {
      const base = denying(matches);
      const open = { ...base, destinations: { ...base.destinations, defaultPolicy: 'allow-all' as const } };
      expect(render(ask(open, site('llm.example.net'), asked))).toBe('451 deny_policy');
    }
  });

  test.each<[string, readonly Match[], ReturnType<typeof call>, string]>([
    ['nothing denied', [], call(), openai],
    ['the provider', [every('openai')], call(), '451 deny_policy'],
    ['another provider', [every('google')], call(), openai],
    ['the model', [every('openai', { models: ['gpt-4o*'] })], call(), '451 deny_policy'],
    ['the model, in another case', [every('openai', { models: ['GPT-4O*'] })], call(), '451 deny_policy'],
    ['another model', [every('openai', { models: ['o1*'] })], call(), openai],
    ['no model named', [every('openai', { models: ['o1*'] })], call(naming(undefined)), '451 deny_policy'],
    [
      'a path no table lists, which may run any model',
      [every('openai', { models: ['o1*'] })],
      call({ path: '/v1/batches' }),
      '451 deny_policy',
    ],
    ['the endpoint', [every('openai', { endpoints: ['/v1/*'] })], call(), '451 deny_policy'],
    [
      'S46: a body of a reading call on a path no table lists, which may run any model',
      [every('openai', { models: ['o1*'] })],
      call({ method: 'DELETE', path: '/v1/batches', ...naming('gpt-4o') }),
      '451 deny_policy',
    ],
    [
      'S46: the same before its body is read',
      [every('openai', { models: ['o1*'] })],
      call({ method: 'GET', path: '/v1/batches', body: { kind: 'unread' } }),
      '451 deny_policy',
    ],
    [
      'S46: a model in the query of one',
      [every('openai', { models: ['o1*'] })],
      call({ method: 'GET', path: '/v1/batches', queryNames: ['Model'], body: { kind: 'none' } }),
      '451 deny_policy',
    ],
    [
      'S34: the endpoint, in another case',
      [every('openai', { endpoints: ['/v1/chat/*'] })],
      call({ path: '/V1/Chat/completions' }),
      '451 deny_policy',
    ],
    [
      'S34: a path read in two ways',
      [every('openai', { endpoints: ['/v2/*'] })],
      call({ path: '/v1/%2F/v2' }),
      '400 protocol',
    ],
    ['a glob nobody can read', [every('openai', { models: ['[a'] })], call(), '451 deny_policy'],
  ])('%s', (_name, matches, asked, expected) => {
    expect(verdict(matches, asked)).toBe(expected);
  });

  const providerRoutes = createConfig('192.0.2.1', 443).providerRoutes.map(({ route }) => ({
    route,
    rules: [{ matches: [every('openai')], filters: [], backends: [] }],
  }));

  test('a call that runs no model passes a denial of a model', () => {
    const asked = call({ method: 'GET', path: '/v1/files', body: { kind: 'none' } });
    const config = denying([every('openai', { models: ['o1*'] })], { providerRoutes });
    expect(render(ask(config, site('api.openai.com'), asked))).toBe(openai);
  });

  test('a denial of `custom` names every host that is no provider, or those of its Backends', () => {
    const { body: _body, ...rest } = call();
    const asked = { ...rest, body: { kind: 'none' } as const };
    expect(verdict([every('custom')], asked, 'files.example.com')).toBe('451 deny_policy');
  });

  test('a denial that names a missing Backend holds on every host, for nobody knows which it was about', () => {
    const rules: Rule[] = [{ matches: [every('custom')], filters: [], backends: [], unresolved: true }];
    const providerDenials = [{ route: { namespace: 'default', name: 'denied' }, answer, rules }];
    const config = createConfig('192.0.2.1', 443, { providerDenials });
    const open = { ...config, destinations: { ...config.destinations, defaultPolicy: 'allow-all' as const } };
    for (const host of ['llm.example.net', 'api.openai.com', 'api.anthropic.com']) {
      expect(render(ask(open, site(host), call()))).toBe('451 deny_policy');
    }
    const [rule] = rules;
    const narrow = [{ ...rule!, matches: [every('custom', { models: ['o1*'] })] }];
    const partly = { ...open, providerDenials: [{ ...providerDenials[0]!, rules: narrow }] };
    expect(render(ask(partly, site('api.openai.com'), call(naming('o1-mini'))))).toBe('451 deny_policy');
    expect(render(ask(partly, site('api.openai.com'), call()))).toBe(openai);
  });

  test('S34: property: what a denial names is denied in every spelling that servers take for it', () => {
    const named = ['/v1/files', '/v1/files/', '/v1/assistants/*', '/v1/batches'];
    const wide = (text: string): string =>
      text.replace(/[a-z]/g, (letter) =>
        encodeURIComponent(String.fromCharCode(letter.charCodeAt(0) + 0xff21 - 0x41)),
      );
    const spellings: ReadonlyArray<(path: string) => string> = [
      (path) => path,
      (path) => `${path}/`,
      (path) => path.replace(/\/$/, ''),
      (path) => `${path}.`,
      (path) => `${path}%20`,
      (path) => `${path}%2e%2E`,
      (path) => path.replace('/v1/', '/v1//'),
      (path) => path.replace('/v1/', '/v1./'),
      (path) => path.replace('/v1/', '/v1/%20'),
      (path) => path.toUpperCase().replaceAll('%2E', '%2e'),
      (path) => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      wide,
      (path) => path.replace('i', 'i%E2%80%8D'),
      (path) => path.replace('i', '%C3%AD'),
      (path) => path.replace('/v1', '/v1;x=1'),
    ];
    const plans = new SitePlans(
      new PolicyIndex(
        denying(
          named.map((path) => every('openai', { endpoints: [path] })),
          { providerRoutes },
        ),
      ),
    );
    const asks = (target: string): string => {
      const asked = call({ path: parseTarget(target).path });
      return render(decide(plans.at(site('api.openai.com')), asked));
    };
    const path = fc.constantFrom<string[]>('/v1/files', '/v1/files/', '/v1/assistants/a', '/v1/batches');
    const written = fc.array(fc.constantFrom(...spellings), { maxLength: 3 });
    fc.assert(
      fc.property(path, written, (meant, changes) => {
        const target = changes.reduce((text, change) => change(text), meant);
        expect(['451 deny_policy', '400 protocol']).toContain(asks(target));
      }),
      { numRuns: 2_000 },
    );
    // And nothing else.
    expect(asks('/v1/assistants')).toBe(openai);
    expect(asks('/v1/filesystem')).toBe(openai);
    expect(asks('/v1/files/a')).toBe(openai);
  });

  test('waits for the model before it lets a call go', () => {
    const asked = call({ body: { kind: 'unread' } });
    expect(verdict([every('openai', { models: ['o1*'] })], asked)).toBe('need-body model');
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
    const openedTo = (matches: readonly Match[]): string =>
      render(ask(denying(matches, { providerRoutes }), site('api.openai.com'), call()));
    expect(openedTo([])).toBe('allow api.anthropic.com:443');
    expect(openedTo([every('anthropic')])).toBe('451 deny_policy');
  });

  test('at a Backend waits for the model, and refuses that one alone', () => {
    const base = createConfig('192.0.2.1', 443);
    const backend = {
      ...{ name: 'b', weight: 1, schema: 'openai', host: 'llm.example.com', port: 443 },
      ...{ modelRewrites: [{ from: 'gpt-4*', to: 'small' }], ensureStreamUsage: false },
    };
    const [route] = base.providerRoutes;
    const rules = (route?.rules ?? []).map((rule) => ({
      ...rule,
      matches: [every('openai')],
      backends: [backend],
    }));
    const providerRoutes = [{ route: { namespace: 'default', name: 'llm' }, rules }];
    const config = denying([every('custom', { models: ['o1*'] })], { providerRoutes });
    const answer = (change: Partial<Call>): string =>
      render(ask(config, site('api.openai.com'), call(change)));
    expect(answer({ body: { kind: 'unread' } })).toBe('need-body model');
    expect(answer(naming('gpt-4o'))).toBe('allow llm.example.com:443');
    expect(answer(naming('o1-mini'))).toBe('451 deny_policy');
    // A path goes on as it was judged: its model cannot be renamed, so it is not let through under the new name.
    const named = { method: 'GET', body: { kind: 'none' } as const };
    expect(answer({ ...named, path: '/v1/models/gpt-4o' })).toBe('503 policy');
    expect(answer({ ...named, path: '/v1/models/other' })).toBe('allow llm.example.com:443');
  });

  test('bytes nobody reads go to no host it names', () => {
    const relay = (config: GatewayConfig, host: string): string | undefined => {
      const plan = new SitePlans(new PolicyIndex(config)).at(site(host, { tls: false }));
      return plan.kind === 'shut' ? plan.refusal.reason : plan.relayRefusal?.reason;
    };
    const l4 = {
      ...{ route: 'EgressL4Route/default/all', cidrs: [], ports: [], protocol: 'TCP' as const },
      hostnames: ['api.openai.com', 'files.example.com'],
    };
    const destinations = { defaultPolicy: 'deny-all' as const, rules: [l4], platformCidrs: [] };
    const config = denying([every('openai')], { destinations });
    expect(relay(config, 'api.openai.com')).toBe('deny_policy');
    expect(relay(config, 'files.example.com')).toBeUndefined();
    const mcpRoutes = [
      { route: { namespace: 'default', name: 'm' }, hostnames: ['files.example.com'], rules: [] },
    ];
    expect(relay(denying([], { destinations, mcpRoutes }), 'files.example.com')).toBe('protocol');
    // Only AIProviderRoutes open it: no bytes nobody reads at all.
    expect(relay(createConfig('192.0.2.1', 443), 'api.openai.com')).toBe('protocol');
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
