/** Limits of calls in the gateway's document: of RateLimitPolicies that filters name, and of tools. */
import { describe, expect, test } from 'vitest';
import { compileRatePolicy } from '../../../operator/compile/index.ts';
import { TestWorld } from '../compiled-world.ts';
import { gateway, manifest } from '../manifest.ts';

type Manifest = ReturnType<typeof manifest>;

const slow = (spec: object = {}): Manifest =>
  manifest('RateLimitPolicy', 'slow', { requests: 5, window: '1m', ...spec });
const extensionRef = { group: 'clrk.apoxy.dev', kind: 'RateLimitPolicy', name: 'slow' };
const filters = [{ type: 'ExtensionRef', extensionRef }];
const parentRefs = [{ name: 'g' }];
const limit = {
  account: 'rate/default/slow',
  calls: 5,
  windowMs: 60_000,
  scope: 'PerAgent',
  policy: 'default/slow',
};

const routes: Readonly<Record<string, Manifest>> = {
  AIProviderRoute: manifest('AIProviderRoute', 'r', {
    parentRefs,
    rules: [{ matches: [{ provider: 'openai' }], filters }],
  }),
  MCPRoute: manifest('MCPRoute', 'r', { parentRefs, hostnames: ['m.example.com'], rules: [{ filters }] }),
  EgressHTTPRoute: manifest('EgressHTTPRoute', 'r', {
    parentRefs,
    hostnames: ['h.example.com'],
    rules: [{ matches: [{ methods: ['GET'] }], filters }],
  }),
  EgressL4Route: manifest('EgressL4Route', 'r', {
    parentRefs,
    rules: [{ matches: [{ destinationHostnames: ['l.example.com'] }], filters }],
  }),
};

function ruleOf(kind: string, objects: readonly Manifest[]): { limits?: unknown; text: string } | undefined {
  const route = routes[kind];
  const document = new TestWorld([gateway, ...objects, ...(route === undefined ? [] : [route])]).gateway();
  const rules: Readonly<Record<string, readonly unknown[] | undefined>> = {
    AIProviderRoute: document?.providerRoutes[0]?.rules,
    MCPRoute: document?.mcpRoutes?.[0]?.rules,
    EgressHTTPRoute: document?.httpRoutes?.[0]?.rules,
    EgressL4Route: document?.destinations.rules.filter(
      ({ route: opener }) => opener === 'EgressL4Route/default/r',
    ),
  };
  const [rule] = rules[kind] ?? [];
  return rule === undefined ? undefined : { ...(rule as object), text: JSON.stringify(rule) };
}

describe('a filter that names a policy', () => {
  test.each(Object.keys(routes))('of an %s limits the calls of its rule', (kind) => {
    expect(ruleOf(kind, [slow()])?.limits).toEqual([limit]);
  });

  test.each(Object.keys(routes))('of an %s, counted for the route, is another count for each', (kind) => {
    const account = `rate/default/slow/${kind}/r`;
    expect(ruleOf(kind, [slow({ scope: 'PerRoute' })])?.limits).toEqual([
      { ...limit, account, scope: 'PerRoute' },
    ]);
  });

  test.each(Object.keys(routes))('of an %s, counted for the gateway, is one count for all of it', (kind) => {
    const account = 'rate/default/slow/gateway/default/g';
    expect(ruleOf(kind, [slow({ scope: 'PerGateway' })])?.limits).toEqual([
      { ...limit, account, scope: 'PerGateway' },
    ]);
  });

  test('of an AIProviderRoute limits the tokens of its calls', () => {
    const tokens = { requests: undefined, tokens: 500, scope: 'PerGateway' };
    expect(ruleOf('AIProviderRoute', [slow(tokens)])).toMatchObject({
      tokenRates: [
        {
          account: 'rate/default/slow/gateway/default/g',
          tokens: 500,
          windowMs: 60_000,
          scope: 'PerGateway',
          policy: 'default/slow',
        },
      ],
      filters: [],
    });
  });

  test.each(['MCPRoute', 'EgressHTTPRoute'])(
    'of an %s cannot limit tokens: its calls are refused',
    (kind) => {
      const text = ruleOf(kind, [slow({ requests: undefined, tokens: 500 })])?.text;
      expect(text).toContain('tokens are counted of the calls of AIProviderRoutes alone');
    },
  );

  test('of an EgressL4Route cannot limit tokens: it opens nothing', () => {
    expect(ruleOf('EgressL4Route', [slow({ requests: undefined, tokens: 500 })])).toBeUndefined();
  });

  test.each([{ tokens: 5 }, { requests: undefined }])('that says %j refuses the calls', (spec) => {
    expect(ruleOf('AIProviderRoute', [slow(spec)])?.text).toContain('"type":"Unsupported"');
  });

  test.each(['AIProviderRoute', 'MCPRoute', 'EgressHTTPRoute'])(
    'that does not exist refuses the calls of an %s',
    (kind) => {
      expect(ruleOf(kind, [])?.text).toContain('RateLimitPolicy slow does not exist in default');
    },
  );

  test('that does not exist opens nothing of an EgressL4Route', () => {
    expect(ruleOf('EgressL4Route', [])).toBeUndefined();
  });
});

test.each([
  ['1s', 1_000],
  ['1h30m', 5_400_000],
  ['24h', 86_400_000],
  ['500ms', undefined],
  ['25h', undefined],
  ['never', undefined],
])('a window of %s', (window, windowMs) => {
  const { world } = new TestWorld([gateway, slow({ window })]);
  const route = { kind: 'MCPRoute', metadata: { namespace: 'default', name: 'r' } };
  const compiled = compileRatePolicy(world, route as Parameters<typeof compileRatePolicy>[1], 'slow');
  if (windowMs !== undefined) expect(compiled).toMatchObject({ limit: { windowMs } });
  else
    expect(compiled).toHaveProperty(
      'unsupported',
      expect.stringContaining('gateways count windows of 1s to 24h'),
    );
});

function tools(toolPolicy: object): { toolPolicies: unknown[]; unsupported: string[] } | undefined {
  const route = manifest('MCPRoute', 't', {
    parentRefs,
    hostnames: ['m.example.com'],
    rules: [{}, { filters: [{ type: 'ToolPolicy', toolPolicy }] }],
  });
  return new TestWorld([gateway, route]).gateway()?.mcpRoutes?.[0]?.rules[1];
}

test('what a rule counts of tools is its own, by its place', () => {
  const rateLimits = [
    { tools: ['a'], requests: 1, window: '1m', scope: 'PerExecution' },
    { toolsRegex: ['^b'], requests: 2, window: '2s' },
  ];
  expect(tools({ maxCallsPerExecution: 3, rateLimits })?.toolPolicies).toMatchObject([
    {
      maxCallsPerExecution: 3,
      account: 'tools/default/t/1/0/calls',
      rateLimits: [
        {
          tools: ['a'],
          limit: { account: 'tools/default/t/1/0/rate/0', calls: 1, windowMs: 60_000, scope: 'PerExecution' },
        },
        {
          toolsRegex: ['^b'],
          limit: { account: 'tools/default/t/1/0/rate/1', calls: 2, windowMs: 2_000, scope: 'PerAgent' },
        },
      ],
    },
  ]);
});

test('a rate of tools that nobody can count refuses its rule', () => {
  expect(tools({ rateLimits: [{ requests: 1, window: '48h' }] })?.unsupported).toEqual([
    'rateLimits: gateways count windows of 1s to 24h, not 48h',
  ]);
});
