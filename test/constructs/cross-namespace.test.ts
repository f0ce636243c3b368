/** Objects of several namespaces: a route opens a gateway elsewhere only where its owner says so, all else stays at home. */
import { App, Chart, Testing } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { reach } from '../../cli/testing/index.ts';
import {
  AIProviderRoute,
  Backend,
  Credential,
  CredentialInjectionPolicy,
  DaemonAgent,
  EgressDenyPolicy,
  EgressGateway,
  EgressL4Route,
  FallbackRoutingPolicy,
  LoggingPolicy,
  MCPRoute,
  RateLimitPolicy,
  TaskAgent,
  WorkerPool,
  type RoutesFrom,
} from '../../constructs/index.ts';
import { errorsOf, specOf, synth, type Synthesized } from './chart.ts';

const image = 'ghcr.io/acme/agent:1.0.0';
const rules = [{ matches: [{ provider: 'openai' as const, models: ['gpt-4o*'] }] }];

interface Scene {
  readonly app: App;
  readonly agents: Chart;
  readonly keys: Chart;
  readonly gateway: EgressGateway;
}

function scene(routesFrom?: RoutesFrom): Scene {
  const app = new App();
  const agents = new Chart(app, 'agents', { namespace: 'agents' });
  const pool = new WorkerPool(agents, 'pool');
  const gateway = new EgressGateway(agents, 'out', routesFrom === undefined ? {} : { routesFrom });
  new TaskAgent(agents, 'triage', { image, pool, egress: [gateway] });
  return { app, agents, keys: new Chart(app, 'keys', { namespace: 'keys' }), gateway };
}

const all = ({ app }: Scene): Synthesized[] => app.charts.flatMap((chart) => synth(chart));
const places = ({ agents }: Scene): readonly string[] => reach(agents).agents.flatMap((each) => each.places);

describe('a route of another namespace', () => {
  test('attaches where the gateway takes it, with its key and its Backend', () => {
    const made = scene(['keys']);
    const { keys, gateway } = made;
    const backend = new Backend(keys, 'llm', { schema: 'openai', host: 'api.openai.com' });
    new AIProviderRoute(keys, 'openai', {
      gateways: [gateway],
      rules: [{ ...rules[0]!, backends: [{ backend }] }],
      credential: Credential.bearer({ name: 'openai', namespace: 'keys' }),
    });
    expect(specOf(keys, 'AIProviderRoute')['parentRefs']).toEqual([
      { group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'out', namespace: 'agents' },
    ]);
    expect(synth(keys).map(({ metadata }) => metadata.namespace)).toEqual(['keys', 'keys', 'keys']);
    expect(errorsOf(all(made))).toEqual([]);
    expect(places(made)).toEqual(['api.openai.com:443']);
    expect(reach(made.agents).sentences.join()).toContain('keys/openai-credential');
  });

  test.each<[string, RoutesFrom | undefined]>([
    ['a gateway that says nothing', undefined],
    ['one that takes its own', 'Same'],
    ['one that takes others', ['team-a']],
    ['one that takes another by label', { 'kubernetes.io/metadata.name': 'team-a' }],
  ])('does not synthesize at %s, and the way to open it is told', (_what, routesFrom) => {
    const { keys, gateway } = scene(routesFrom);
    new EgressL4Route(keys, 'github', { gateways: [gateway], matches: [{ hosts: ['api.github.com'] }] });
    expect(() => synth(keys)).toThrow(
      '[keys/github] attaches to EgressGateway "out" of namespace agents, which takes no EgressL4Route from keys; ' +
        "open it with allowRoutesFrom(['keys'])",
    );
  });

  test.each<[string, RoutesFrom]>([
    ['by name', ['keys']],
    ['with all', 'All'],
    ['by the label every namespace has', { 'kubernetes.io/metadata.name': 'keys' }],
  ])('is taken %s, and what it opens is reached', (_what, routesFrom) => {
    const made = scene();
    made.gateway.allowRoutesFrom(routesFrom);
    new MCPRoute(made.keys, 'github', { gateways: [made.gateway], hosts: ['mcp.github.com'] });
    expect(errorsOf(all(made))).toEqual([]);
    expect(places(made)).toEqual(['mcp.github.com:443']);
  });

  test('labels are the cluster’s to judge', () => {
    const made = scene({ team: 'keys' });
    new MCPRoute(made.keys, 'github', { gateways: [made.gateway], hosts: ['mcp.github.com'] });
    expect(synth(made.keys)).toHaveLength(1);
  });

  test("names leave the gateway's own routes in, and add up", () => {
    const made = scene(['keys']);
    made.gateway.allowRoutesFrom(['team-a', 'keys']);
    made.gateway.allowHost('api.github.com');
    expect(specOf(made.agents, 'EgressGateway')['listeners']).toEqual([
      {
        name: 'all',
        protocol: 'TCP',
        allowedRoutes: {
          namespaces: {
            from: 'Selector',
            selector: {
              matchExpressions: [
                { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['agents', 'keys', 'team-a'] },
              ],
            },
          },
        },
      },
    ]);
    expect(errorsOf(all(made))).toEqual([]);
    expect(places(made)).toEqual(['api.github.com:443']);
  });

  test('a listener says for itself whose routes and which kinds it takes', () => {
    const made = scene('All');
    made.gateway.addListener({ name: 'own', protocol: 'TCP', port: 22, routesFrom: 'Same' });
    made.gateway.addListener({ name: 'models', protocol: 'TCP', routeKinds: ['AIProviderRoute'] });
    const [own, models] = specOf(made.agents, 'EgressGateway')['listeners'] as Record<string, unknown>[];
    expect(own).not.toHaveProperty('allowedRoutes');
    expect(models?.['allowedRoutes']).toEqual({
      namespaces: { from: 'All' },
      kinds: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute' }],
    });
    new AIProviderRoute(made.keys, 'openai', { gateways: [made.gateway], rules });
    expect(synth(made.keys)).toHaveLength(1);
    new EgressL4Route(made.keys, 'db', {
      gateways: [made.gateway],
      matches: [{ hosts: ['db.example.com'] }],
    });
    expect(() => synth(made.keys)).toThrow('takes no EgressL4Route from keys');
  });

  test('a gateway made elsewhere is named with its namespace', () => {
    const { keys } = scene();
    const gateways = [EgressGateway.fromName('shared', 'agents'), EgressGateway.fromName('own')];
    new AIProviderRoute(keys, 'openai', { gateways, rules });
    expect(specOf(keys, 'AIProviderRoute')['parentRefs']).toMatchObject([
      { name: 'shared', namespace: 'agents' },
      { name: 'own' },
    ]);
    expect(JSON.stringify(specOf(keys, 'AIProviderRoute')['parentRefs'])).toContain('"name":"own"}');
  });
});

describe('a reference without a namespace', () => {
  test('is to that of whoever names it, in every construct', () => {
    const chart = new Chart(new App(), 'team', { namespace: 'team' });
    const gateway = EgressGateway.fromName('out');
    const pool = WorkerPool.fromName('pool');
    new TaskAgent(chart, 'task', { image, pool, egress: [gateway] });
    new DaemonAgent(chart, 'daemon', { image, pool }).connect(EgressGateway.fromName('out', 'team'));
    const rateLimit = RateLimitPolicy.fromName('slow');
    const logging = LoggingPolicy.fromName('quiet', 'team');
    new AIProviderRoute(chart, 'models', {
      gateways: [gateway],
      rules: [{ ...rules[0]!, backends: [{ backend: Backend.fromName('llm') }], rateLimit, logging }],
    });
    const credential = Credential.bearer({ name: 'key', namespace: 'team' });
    const [ai, mcp] = [AIProviderRoute.fromName('ai'), MCPRoute.fromName('mcp', 'team')];
    new CredentialInjectionPolicy(chart, 'key', {
      credential,
      targets: [ai, mcp, new EgressGateway(chart, 'own')],
    });
    new EgressDenyPolicy(chart, 'deny', { targets: [ai, mcp, EgressL4Route.fromName('l4')] });
    new FallbackRoutingPolicy(chart, 'fallback', { targets: [ai] });
    expect(synth(chart).map(({ metadata }) => metadata.namespace)).toEqual(Array(7).fill('team'));
    expect(specOf(chart, 'EgressDenyPolicy')['targetRefs']).toMatchObject([
      { kind: 'AIProviderRoute', name: 'ai' },
      { kind: 'MCPRoute', name: 'mcp' },
      { kind: 'EgressL4Route', name: 'l4' },
    ]);
  });

  test('an object made here has none: what names it from a namespace is refused', () => {
    const app = new App();
    const nowhere = new Chart(app, 'nowhere');
    const gateway = new EgressGateway(nowhere, 'out');
    const pool = new WorkerPool(nowhere, 'pool');
    const team = new Chart(app, 'team', { namespace: 'team' });
    expect(() => new TaskAgent(team, 'task', { image, pool })).toThrow('is in namespace (unset), not team');
    expect(() => new EgressL4Route(team, 'r', { gateways: [gateway] })).toThrow('give its chart a namespace');
  });
});

describe('what stays in a namespace', () => {
  test.each<[string, (chart: Chart, gateway: EgressGateway) => unknown]>([
    [
      'an agent leaves by gateways of its own namespace; routes may come from others',
      (chart, gateway) =>
        new TaskAgent(chart, 'x', { image, pool: WorkerPool.fromName('p'), egress: [gateway] }),
    ],
    [
      'an agent runs on workers of its own namespace only',
      (chart) => new TaskAgent(chart, 'x', { image, pool: WorkerPool.fromName('p', 'agents') }),
    ],
    [
      'a route sends to Backends of its own namespace only',
      (chart) =>
        new AIProviderRoute(chart, 'x', {
          rules: [{ ...rules[0]!, backends: [{ backend: Backend.fromName('b', 'agents') }] }],
        }),
    ],
    [
      'a policy reads Secrets of its own namespace only',
      (chart) =>
        new CredentialInjectionPolicy(chart, 'x', {
          credential: Credential.query('key', { name: 's', namespace: 'agents' }),
        }),
    ],
    [
      'a policy reads Secrets of its own namespace only',
      (chart) =>
        new CredentialInjectionPolicy(chart, 'x', {
          credential: Credential.awsSigV4({ secret: { name: 's', namespace: 'agents' } }),
        }),
    ],
    [
      'a policy is in the namespace of its targets',
      (chart, gateway) =>
        new CredentialInjectionPolicy(chart, 'x', {
          credential: Credential.bearer({ name: 's' }),
          targets: [gateway],
        }),
    ],
    [
      'a rule names policies of its own namespace only',
      (chart) =>
        new AIProviderRoute(chart, 'x', {
          rules: [{ ...rules[0]!, rateLimit: RateLimitPolicy.fromName('r', 'agents') }],
        }),
    ],
  ])('%s', (message, make) => {
    const { keys, gateway } = scene('All');
    let told = '';
    try {
      make(keys, gateway);
    } catch (error) {
      told = String(error);
    }
    expect(told).toMatch(/^Error: keys\/x: .* is in namespace agents, not keys; /);
    expect(told).toContain(message);
  });
});

describe('namespaces of routes', () => {
  test.each<[string, RoutesFrom]>([
    ['names no namespace', []],
    ['without labels', {}],
    ['"Team A" is not the name of a namespace', ['Team A']],
    ['at most 31 fit', Array.from({ length: 32 }, (_, index) => `n${index}`)],
  ])('%s: refused', (message, routesFrom) => {
    expect(() => scene(routesFrom)).toThrow(message);
    const listener = { name: 'l', protocol: 'TCP', routesFrom } as const;
    expect(() => new EgressGateway(Testing.chart(), 'g', { listeners: [listener] })).toThrow(message);
  });

  test('labels do not add up with names', () => {
    const { gateway } = scene(['keys']);
    expect(() => gateway.allowRoutesFrom({ team: 'a' })).toThrow('cannot be two sets of labels');
    gateway.allowRoutesFrom('All');
    gateway.allowRoutesFrom(['keys']);
  });

  test('names need a namespace to tell apart from', () => {
    const chart = Testing.chart();
    new EgressGateway(chart, 'g', { routesFrom: ['keys'] });
    expect(() => synth(chart)).toThrow('give its chart a namespace');
  });
});
