/**
 * Random documents and random things to try against them, from one small alphabet, so that what is tried sits on the
 * edges of what is written: label boundaries, first and last addresses, neighbouring ports, globs.
 */
import fc from 'fast-check';
import type {
  DestinationPolicy,
  GatewayCredential,
  GatewayListener,
  McpRoute,
  ProviderBackend,
  ProviderRoute,
  ProviderRule,
} from '../../../contract/index.ts';
import type { GatewayDocument, PoolDocument, ReachDocuments } from '../../../policy/reach/index.ts';

const names = [
  'api.openai.com',
  'api.anthropic.com',
  'x.openai.azure.com',
  'openai.azure.com',
  'example.com',
  'a.example.com',
  'b.example.com',
  'a.b.example.com',
  'evilexample.com',
  'a.example.com.evil.org',
  'api.stripe.com',
  'db',
];
const patterns = [
  ...names,
  '*.example.com',
  '*.b.example.com',
  '*.openai.azure.com',
  '*.stripe.com',
  '*.com',
  '*.a.example.com.evil.org',
];
const cidrs = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.2.3',
  '169.254.0.0/16',
  '203.0.113.0/24',
  '203.0.113.128/25',
  '198.51.100.7/32',
  '::/0',
  '2001:db8::/32',
  'fd00::/8',
  '010.1.0.0/16',
];
const addresses = [
  '10.0.0.0',
  '9.255.255.255',
  '10.255.255.255',
  '11.0.0.0',
  '10.0.255.255',
  '10.1.0.0',
  '10.1.2.2',
  '10.1.2.3',
  '10.1.2.4',
  '10.1.255.255',
  '10.2.0.0',
  '203.0.112.255',
  '203.0.113.0',
  '203.0.113.127',
  '203.0.113.128',
  '203.0.113.255',
  '203.0.114.0',
  '198.51.100.7',
  '198.51.100.8',
  '169.254.169.254',
  '127.0.0.1',
  '0.0.0.0',
  '255.255.255.255',
  '198.18.0.1',
  '2001:db8::',
  '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff',
  '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
  '2001:db9::',
  'fd00::1',
  'fd00:ec2::254',
  '::1',
  '::ffff:10.1.2.3',
  '64:ff9b::a01:203',
  '2002:a01:203::1',
  '2620::1',
];
const ports = [1, 79, 80, 81, 442, 443, 444, 5431, 5432, 5433, 8443, 65_535];
const models = ['gpt-4o', 'gpt-4o-mini', 'gpt-4', 'o1', 'claude-3', 'org/gpt-4o'];
const modelGlobs = ['gpt-4o', 'gpt-*', '*-mini', 'gpt-4?', '*', '[co]*', 'gpt-4o\\*', '[bad'];
const paths = ['/v1/chat/completions', '/v1/models', '/v1/../admin', '/v1/files', '/', '/v1/chat/'];
const endpointGlobs = ['/v1/chat/*', '/v1/*', '*', '/v1/models', '/v2/*'];
const agentNames = ['a', 'b', 'c'];
const gatewayNames = ['g', 'h', 'i'];
const routeNames = ['r', 's'];

const port = fc.oneof(
  { weight: 2, arbitrary: fc.constant(443) },
  { weight: 3, arbitrary: fc.constantFrom(...ports) },
);
const some = <T>(values: readonly T[], maxLength = 3): fc.Arbitrary<T[]> =>
  fc.subarray([...values], { maxLength });
const portSpan = fc.tuple(port, port).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));

const rule = fc.record({
  route: fc.constantFrom('EgressL4Route/d/l4', 'AIProviderRoute/d/r', 'AIProviderRoute/d/s', 'MCPRoute/d/m'),
  hostnames: fc.oneof(
    some(patterns),
    fc.constant(['api.openai.com', '*.openai.azure.com', '*.example.com', 'api.stripe.com']),
  ),
  cidrs: some(cidrs),
  ports: fc.array(portSpan, { maxLength: 2 }),
  protocol: fc.constantFrom('TCP' as const, 'TCP' as const, 'TCP' as const, 'UDP' as const),
  sourceAgents: fc.option(
    some(agentNames).map((each) => each.map((name) => `TaskAgent/d/${name}`)),
    { nil: undefined },
  ),
});

type RandomRule = DestinationPolicy['rules'][number];

const cleanRule: fc.Arbitrary<RandomRule> = rule.map(({ sourceAgents, ...rest }) =>
  sourceAgents === undefined ? rest : { ...rest, sourceAgents },
);

const providerOpening: RandomRule = {
  ...{ route: 'AIProviderRoute/d/r', hostnames: ['api.openai.com', 'a.example.com'], cidrs: [] },
  ...{ ports: [], protocol: 'TCP' },
};

const destinations: fc.Arbitrary<DestinationPolicy> = fc
  .record({
    defaultPolicy: fc.constantFrom('deny-all' as const, 'deny-all' as const, 'allow-all' as const),
    // Half of the time a provider is open, so that rules, backends and credentials of calls are met often.
    rules: fc
      .tuple(fc.boolean(), fc.array(cleanRule, { maxLength: 4 }))
      .map(([withProvider, rules]) => (withProvider ? [...rules, providerOpening] : rules)),
    denials: fc.oneof(
      { weight: 3, arbitrary: fc.constant<RandomRule[]>([]) },
      { weight: 1, arbitrary: fc.array(cleanRule, { maxLength: 2 }) },
    ),
    platformCidrs: fc.oneof(
      { weight: 8, arbitrary: some(['10.1.2.0/24', '203.0.113.128/25', 'fd00:1::/32'], 2) },
      { weight: 1, arbitrary: fc.constant(['not a cidr']) },
    ),
  })
  .map(({ denials, ...policy }) => ({
    ...policy,
    ...(denials.length === 0 ? {} : { denials: denials.map((each) => ({ ...each, policy: 'd/deny' })) }),
  }));

const backend: fc.Arbitrary<ProviderBackend> = fc.record({
  name: fc.constantFrom('x', 'y', 'z'),
  weight: fc.integer({ min: 0, max: 2 }),
  schema: fc.constantFrom('openai', 'openai', 'anthropic', 'custom'),
  host: fc.constantFrom(...names, '10.1.2.3'),
  port: fc.constantFrom(443, 8443),
  modelRewrites: fc.constant<ProviderBackend['modelRewrites']>([]),
  ensureStreamUsage: fc.constant(false),
});

const limit = fc.constantFrom(undefined, 100, 1000);
const budget: fc.Arbitrary<ProviderRule['filters'][number]> = fc
  .tuple(limit, limit)
  .map(([perDay, perExecution]) => ({
    type: 'TokenBudget',
    ...(perDay === undefined ? {} : { maxTokensPerDay: perDay }),
    ...(perExecution === undefined ? {} : { maxTokensPerExecution: perExecution }),
  }));

const everyOpenAiCall = { provider: 'openai', models: [], endpoints: [] };

const providerRule: fc.Arbitrary<ProviderRule> = fc.record({
  matches: fc.oneof(
    fc.constant<ProviderRule['matches']>([everyOpenAiCall]),
    fc.array(
      fc.record({
        provider: fc.constantFrom('openai', 'openai', 'anthropic', 'azure-openai', 'custom'),
        models: some(modelGlobs, 2),
        endpoints: some(endpointGlobs, 2),
      }),
      { maxLength: 3 },
    ),
  ),
  filters: fc.oneof(
    { weight: 4, arbitrary: fc.constant<ProviderRule['filters']>([]) },
    { weight: 1, arbitrary: budget.map((each) => [each]) },
    {
      weight: 1,
      arbitrary: fc.constant<ProviderRule['filters']>([{ type: 'Unsupported', what: 'a mirror' }]),
    },
  ),
  backends: fc.oneof(fc.constant<ProviderBackend[]>([]), fc.array(backend, { maxLength: 3 })),
});

const providerRoutes: fc.Arbitrary<ProviderRoute[]> = fc.uniqueArray(
  fc.record({
    route: fc.constantFrom(...routeNames).map((name) => ({ namespace: 'd', name })),
    rules: fc.array(providerRule, { maxLength: 3 }),
  }),
  { maxLength: 2, selector: ({ route }) => route.name },
);

const awsKey = { service: 'bedrock', accessKeyId: 'id', secretAccessKey: 'secret' };

const credential: fc.Arbitrary<GatewayCredential> = fc.record({
  policy: fc.constantFrom('p', 'q', 'w').map((name) => ({ namespace: 'd', name })),
  target: fc.oneof(
    fc
      .constantFrom(...gatewayNames)
      .map((name) => ({ kind: 'EgressGateway' as const, namespace: 'd', name })),
    fc
      .constantFrom(...routeNames)
      .map((name) => ({ kind: 'AIProviderRoute' as const, namespace: 'd', name })),
    fc.tuple(fc.constantFrom(...routeNames), fc.constantFrom('x', 'y')).map(([name, sectionName]) => ({
      kind: 'AIProviderRoute' as const,
      namespace: 'd',
      name,
      sectionName,
    })),
  ),
  inject: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constant({ type: 'Header' as const, name: 'authorization', value: 'Bearer k' }),
    },
    { weight: 2, arbitrary: fc.constant({ type: 'QueryParam' as const, name: 'key', value: 'k' }) },
    { weight: 1, arbitrary: fc.constant({ type: 'Broken' as const, reason: 'SecretNotFound' }) },
    { weight: 1, arbitrary: fc.constant({ ...awsKey, type: 'AWSv4' as const }) },
  ),
});

const answer = { policy: { namespace: 'd', name: 'deny' }, status: 403 };
const mcpRule: fc.Arbitrary<McpRoute['rules'][number]> = fc.record({
  matches: fc.array(
    fc.record({
      servers: some(['a.example.com', '*.example.com'], 1),
      tools: some(['search_*', 'delete_all'], 2),
      toolsRegex: some(['^get_[a-z]+$'], 1),
      resources: fc.constant<string[]>([]),
      methods: some(['tools/*', 'initialize'], 1),
    }),
    { maxLength: 2 },
  ),
  toolPolicies: fc.array(
    fc.record({
      allowedTools: some(['search_*', 'get_x'], 1),
      allowedToolsRegex: fc.constant<string[]>([]),
      deniedTools: some(['delete_*', 'search_secret'], 1),
      deniedToolsRegex: fc.constant<string[]>([]),
      requireConfirmation: fc.constant<string[]>([]),
      rateLimits: fc.constant<McpRoute['rules'][number]['toolPolicies'][number]['rateLimits']>([]),
    }),
    { maxLength: 1 },
  ),
  unsupported: fc.constant<string[]>([]),
});

const mcpRoutes: fc.Arbitrary<McpRoute[]> = fc.array(
  fc
    .record({
      route: fc.constant({ namespace: 'd', name: 'm' }),
      hostnames: some(['a.example.com', '*.example.com', 'api.openai.com'], 2),
      rules: fc.array(mcpRule, { maxLength: 2 }),
      denies: fc.constantFrom(false, false, true),
    })
    .map(({ denies, ...route }) => (denies ? { ...route, denial: answer } : route)),
  { maxLength: 2 },
);

const providerDenials: fc.Arbitrary<NonNullable<GatewayDocument['providerDenials']>> = fc.array(
  fc.record({
    route: fc.constant({ namespace: 'd', name: 'denied' }),
    answer: fc.constant(answer),
    rules: fc.array(
      providerRule.map((each) => ({ ...each, filters: [], backends: [] })),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 1 },
);

const listener: fc.Arbitrary<GatewayListener> = fc
  .record({
    name: fc.constant('l'),
    protocol: fc.constantFrom('TCP' as const, 'TLS' as const, 'HTTP' as const, 'HTTPS' as const),
    port: fc.option(port, { nil: undefined }),
    tlsMode: fc.constantFrom('Terminate' as const, 'Terminate' as const, 'Passthrough' as const),
  })
  .map(({ port: only, ...rest }) => (only === undefined ? rest : { ...rest, port: only }));

const endpoints = {
  nats: { url: '', user: '', password: '' },
  otlp: { endpoint: '', token: '' },
};

function gatewayDocument(name: string): fc.Arbitrary<GatewayDocument> {
  return fc.record({
    version: fc.constant(1 as const),
    gateway: fc.constant({ namespace: 'd', name, uid: '' }),
    listeners: fc.oneof(
      fc.array(listener, { minLength: 1, maxLength: 3 }),
      fc.constant<GatewayListener[]>([{ name: 'any', protocol: 'HTTPS', tlsMode: 'Terminate' }]),
      fc.constant<GatewayListener[]>([{ name: 'any', protocol: 'TCP', tlsMode: 'Terminate' }]),
    ),
    ca: fc.constant({ certificatePem: '', privateKeyPem: '' }),
    upstream: fc.record({
      additionalTrustPem: fc.constant(''),
      hostAliases: fc.array(
        fc.record({
          ip: fc.constantFrom('10.9.9.9', '127.0.0.1', '203.0.113.200', '8.8.8.8'),
          hostnames: some(names, 2),
        }),
        { maxLength: 2 },
      ),
      lookupFamily: fc.constant('V4Preferred' as const),
      requestTimeoutMs: fc.constant(1),
    }),
    capture: fc.constant<GatewayDocument['capture']>({ maxBytes: 0, includeContentTypes: [] }),
    framePeers: fc.constant<GatewayDocument['framePeers']>([]),
    destinations: destinations as fc.Arbitrary<GatewayDocument['destinations']>,
    providerRoutes,
    providerDenials: fc.oneof(
      { weight: 3, arbitrary: fc.constant<NonNullable<GatewayDocument['providerDenials']>>([]) },
      { weight: 1, arbitrary: providerDenials },
    ),
    mcpRoutes: fc.oneof(
      { weight: 2, arbitrary: fc.constant<McpRoute[]>([]) },
      { weight: 1, arbitrary: mcpRoutes },
    ),
    credentials: fc.array(credential, { maxLength: 6 }),
    platform: fc.constant(endpoints),
  });
}

const emptyAgent = {
  kind: 'TaskAgent' as const,
  namespace: 'd',
  uid: '',
  labels: {},
  revisions: [],
  timeoutMs: 1,
  maxConcurrent: 0,
  resources: { cpuMillis: 1, memoryBytes: 1, ephemeralStorageBytes: 0 },
  warmPoolSize: 0,
  warmPoolIdleTtlMs: 1,
  deliveryMode: 'Stdin' as const,
};

interface Parts {
  readonly gateways: readonly GatewayDocument[];
  readonly orders: ReadonlyArray<readonly string[]>;
  /** What a worker with an older document would decide by; undefined: it runs the same. */
  readonly stale: DestinationPolicy | undefined;
}

/**
 * Denials of calls by provider are tried where calls go to the host they were sent to: of a Backend's own host reach tells
 * the denials of destinations only, and so may say more than the gateway allows, never less.
 */
function withoutDenialsAtBackends(document: GatewayDocument): GatewayDocument {
  const sentOn = document.providerRoutes.some(({ rules }) =>
    rules.some(({ backends }) => backends.length > 0),
  );
  return sentOn ? { ...document, providerDenials: [] } : document;
}

function assemble({ gateways: random, orders, stale }: Parts): ReachDocuments {
  const gateways = random.map(withoutDenialsAtBackends);
  const pool: PoolDocument = {
    version: 1,
    pool: { namespace: 'd', name: 'p', uid: '' },
    frameKeyBase64: '',
    dispatchTls: { certificatePem: '', privateKeyPem: '', clientCaPem: '' },
    maxExecutionsPerWorker: 0,
    agents: agentNames.map((name, index) => ({
      ...emptyAgent,
      name,
      gateways: (orders[index] ?? []).map((gateway) => `d/${gateway}`),
    })),
    gateways: gateways.map(({ gateway, destinations: own }, index) => ({
      id: `d/${gateway.name}`,
      destinations: index === 0 && stale !== undefined ? (stale as typeof own) : own,
    })),
    registries: [],
    platform: endpoints,
  };
  return { gateways, pools: [pool] };
}

export const randomDocuments: fc.Arbitrary<ReachDocuments> = fc
  .record({
    gateways: fc.tuple(...gatewayNames.slice(0, 2).map(gatewayDocument)),
    // The third gateway is named by agents and does not exist.
    orders: fc.tuple(...agentNames.map(() => fc.shuffledSubarray(gatewayNames))),
    stale: fc.option(destinations, { nil: undefined, freq: 5 }),
  })
  .map(assemble);

/** One open provider and nothing in the way: all that is random is rules, backends, credentials and pins. */
export const providerDocuments: fc.Arbitrary<ReachDocuments> = gatewayDocument('g').map((document) =>
  assemble({
    gateways: [
      {
        ...document,
        listeners: [{ name: 'any', protocol: 'HTTPS', tlsMode: 'Terminate' }],
        destinations: {
          defaultPolicy: 'deny-all',
          platformCidrs: [],
          rules: [
            {
              route: 'AIProviderRoute/d/r',
              hostnames: ['api.openai.com'],
              cidrs: [],
              ports: [],
              protocol: 'TCP',
            },
          ],
        },
        mcpRoutes: [],
      },
    ],
    orders: agentNames.map(() => ['g']),
    stale: undefined,
  }),
);

export interface Attempt {
  readonly agent: string;
  readonly hostname: string | undefined;
  readonly ip: string;
  readonly port: number;
  readonly wire: 'tls' | 'http1' | 'raw';
  readonly path: string;
  readonly model: string | undefined;
  /** A JSON-RPC request; undefined: no body. */
  readonly rpc: { readonly method: string; readonly tool: string | undefined } | undefined;
}

const rpc = fc.oneof(
  fc
    .constantFrom('search_x', 'search_secret', 'delete_all', 'delete_x', 'get_x', 'get_9', 'Delete_All')
    .map((tool) => ({ method: 'tools/call', tool })),
  fc
    .constantFrom('initialize', 'tools/list', 'resources/read', 'notifications/x')
    .map((method) => ({ method, tool: undefined })),
);

export const randomAttempt: fc.Arbitrary<Attempt> = fc.record({
  rpc: fc.option(rpc, { nil: undefined, freq: 2 }),
  agent: fc.constantFrom(...agentNames).map((name) => `TaskAgent/d/${name}`),
  hostname: fc.option(
    fc.constantFrom(
      'api.openai.com',
      'api.openai.com',
      'api.openai.com',
      'a.example.com',
      'a.example.com',
      ...names,
      'c.example.com',
      'y.openai.azure.com',
      'x.y.stripe.com',
      'other.net',
    ),
    {
      nil: undefined,
      freq: 3,
    },
  ),
  ip: fc.constantFrom(...addresses),
  port,
  wire: fc.constantFrom('tls' as const, 'tls' as const, 'http1' as const, 'raw' as const),
  path: fc.constantFrom(...paths),
  model: fc.option(fc.constantFrom(...models), { nil: undefined, freq: 4 }),
});

export const providerAttempt: fc.Arbitrary<Attempt> = randomAttempt.map((attempt) => ({
  ...attempt,
  ...{ hostname: 'api.openai.com', port: 443, wire: 'tls' },
}));
