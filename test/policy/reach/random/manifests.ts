/**
 * Random sets of manifests, as text that a person could have written: every kind, every target a policy may have, routes of other
 * namespaces, listeners that take some of them. Small vocabularies, so that what is written meets what is tried.
 */
import fc from 'fast-check';
import { stringify } from 'yaml';
import { containedAnnotation } from '../../../../contract/index.ts';
import { httpHosts } from './http.ts';
import {
  argumentExpressions,
  cidrs,
  endpointGlobs,
  mcpHosts,
  modelGlobs,
  names,
  patterns,
  port,
  some,
} from './vocabulary.ts';

type Body = Readonly<Record<string, unknown>>;

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Body & { readonly name: string; readonly namespace?: string };
  readonly spec?: Body;
}

const group = 'clrk.apoxy.dev';
const version = `${group}/v1alpha1`;
const namespaces = ['d', 'e'];
const gateways = ['g', 'h'];
const image = `x/y@sha256:${'a'.repeat(64)}`;

const object = (kind: string, name: string, spec: Body, namespace = 'd'): Manifest => ({
  ...{ apiVersion: version, kind },
  metadata: { namespace, name },
  spec,
});

const maybe = <T>(value: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq });
/** Mostly nothing. */
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const labels = fc.constantFrom<Body>({ team: 'x' }, { team: 'y' }, {});
const selector = fc.constantFrom<Body>(
  { matchLabels: { team: 'x' } },
  { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['y'] }] },
  { matchExpressions: [{ key: 'team', operator: 'Exists' }] },
);

const namespace = (name: string): fc.Arbitrary<Manifest> =>
  labels.map((own) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: own } }));

const subjects = fc.subarray(['orders.created', 'orders.*', '*.created', 'mail.>', '>']);

function agent(kind: 'TaskAgent' | 'DaemonAgent', name: string): fc.Arbitrary<Manifest> {
  const refs = fc.oneof(
    { weight: 5, arbitrary: fc.constant<string[]>(['g']) },
    { weight: 2, arbitrary: fc.shuffledSubarray([...gateways, 'missing']) },
  );
  return fc
    .record({ labels, refs, contained: rarely(fc.constant('incident')), subjects: rarely(subjects) })
    .map(({ labels: own, refs: asked, contained, subjects: heard = [] }) => ({
      ...{ apiVersion: version, kind },
      metadata: {
        ...{ namespace: 'd', name, labels: own },
        ...(contained === undefined ? {} : { annotations: { [containedAnnotation]: contained } }),
      },
      spec: {
        ...{ template: { spec: { image } }, workerPoolRef: 'p' },
        egressRefs: asked.map((gatewayRef) => ({ gatewayRef })),
        ...(kind === 'TaskAgent' && heard.length > 0
          ? { triggers: heard.map((subject) => ({ type: 'Event', subject })) }
          : {}),
      },
    }));
}

const kindsTaken = fc.subarray(['EgressL4Route', 'AIProviderRoute', 'MCPRoute', 'EgressHTTPRoute'], {
  minLength: 1,
});
const allowedRoutes = fc.record(
  {
    namespaces: fc.oneof(
      fc.constantFrom<Body>({ from: 'All' }, { from: 'Same' }),
      selector.map((each) => ({ from: 'Selector', selector: each })),
    ),
    kinds: kindsTaken.map((all) => all.map((kind) => ({ kind }))),
  },
  { requiredKeys: [] },
);
const shape = fc.constantFrom<Body>(
  { protocol: 'HTTPS' },
  { protocol: 'HTTPS' },
  { protocol: 'HTTPS', tls: { mode: 'Terminate' } },
  { protocol: 'TLS', tls: { mode: 'Terminate' } },
  { protocol: 'TLS' },
  { protocol: 'HTTP' },
  { protocol: 'TCP' },
);
const listener = fc.record(
  { shape, port: rarely(port), allowedRoutes: maybe(allowedRoutes, 2) },
  { requiredKeys: ['shape'] },
);

const listeners = fc
  .array(listener, { minLength: 1, maxLength: 3 })
  .map((all) => all.map(({ shape: own, ...each }, index) => ({ name: `l${index}`, ...own, ...each })));

const gateway = (name: string): fc.Arbitrary<Manifest> =>
  fc
    .record(
      {
        defaultPolicy: fc.constantFrom('deny-all', 'deny-all', 'deny-all', 'allow-all', undefined),
        ...{
          enforcement: fc.constantFrom(undefined, undefined, undefined, 'Enforce', 'Audit'),
          onUnlisted: fc.constantFrom(undefined, undefined, 'Deny', 'Ask'),
        },
        listeners: fc.oneof(
          { weight: 3, arbitrary: fc.constant<Body[]>([{ name: 'l0', protocol: 'HTTPS' }]) },
          { weight: 1, arbitrary: fc.constant<Body[]>([{ name: 'l0', protocol: 'TLS' }]) },
          { weight: 3, arbitrary: listeners },
        ),
        requestTimeout: rarely(fc.constant('90s')),
        dns: rarely(fc.constant({ lookupFamily: 'V4Only' })),
        otlp: rarely(
          fc.constantFrom(
            { captureBody: { maxBytes: 0 } },
            { endpoint: 'https://otel.example.com/a,b; c', headers: { 'x-team': 'd' } },
            {
              endpoint: 'http://collector.d.svc:4318',
              headers: { 'x-a': 'one', 'x-b': 'two' },
              headersFrom: [{ name: 'authorization', secretRef: { name: 'otel' } }],
            },
            { captureBody: { includeContentTypes: ['text/plain'] } },
            {
              sinks: [
                { name: 'archive', endpoint: 'https://archive.example.com', headers: { 'x-a': 'one' } },
              ],
            },
            {
              sinks: [
                { name: 'archive', endpoint: 'https://archive.example.org' },
                {
                  ...{ name: 'audit', endpoint: 'https://audit.example.com' },
                  headersFrom: [{ name: 'authorization', secretRef: { name: 'otel', key: 'audit' } }],
                },
              ],
            },
          ),
        ),
        upstreamTLS: maybe(
          fc.record(
            {
              additionalTrustBundleSecretRef: fc.constantFrom({ name: 'ca' }, { name: 'cb' }),
              hostAliases: fc.array(
                fc.record({
                  ip: fc.constantFrom('8.8.8.8', '8.8.8.8', '10.9.9.9', '203.0.113.200', '127.0.0.1'),
                  hostnames: some(['api.openai.com', ...mcpHosts, ...names.slice(1)], 2),
                }),
                { maxLength: 2 },
              ),
            },
            { requiredKeys: [] },
          ),
        ),
      },
      { requiredKeys: ['listeners'] },
    )
    .map((spec) => object('EgressGateway', name, spec));

const parent = (namespaceOfRoute: string): fc.Arbitrary<Body> =>
  fc
    .record({
      name: fc.constantFrom('g', 'g', 'g', 'g', 'h', 'missing'),
      narrowed: rarely(fc.constantFrom<Body>({ sectionName: 'l0' }, { sectionName: 'l1' }, { port: 443 })),
    })
    .map(({ name, narrowed }) => ({
      name,
      ...(namespaceOfRoute === 'd' ? {} : { namespace: 'd' }),
      ...narrowed,
    }));

const extension = fc
  .constantFrom(
    ['LoggingPolicy', 'lp'],
    ['LoggingPolicy', 'lp'],
    ['LoggingPolicy', 'lq'],
    ['RateLimitPolicy', 'slow'],
    ['RateLimitPolicy', 'each'],
    ['RateLimitPolicy', 'missing'],
  )
  .map(([kind = '', name = '']) => ({ type: 'ExtensionRef', extensionRef: { group, kind, name } }));
const filters = <T>(own: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyArray<T | object> | undefined> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.array(own, { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(extension, { minLength: 1, maxLength: 2 }) },
  );

/** In either namespace; most in that of the gateways. */
function route(kind: string, name: string, rest: fc.Arbitrary<Body>): fc.Arbitrary<Manifest> {
  return fc
    .constantFrom('d', 'd', 'd', 'e')
    .chain((place) =>
      fc
        .record({ parentRefs: fc.array(parent(place), { minLength: 1, maxLength: 2 }), rest })
        .map(({ parentRefs, rest: own }) => object(kind, name, { parentRefs, ...own }, place)),
    );
}

const ports = fc.array(
  fc.oneof(
    port.map((each) => ({ port: each })),
    fc.tuple(port, port).map(([a, b]) => ({ startPort: Math.min(a, b), endPort: Math.max(a, b) })),
  ),
  { maxLength: 2 },
);
const l4Match = fc
  .record({
    destinationCIDRs: some(
      cidrs.filter((each) => each.includes('/') && !/^(010|169)/.test(each)),
      2,
    ),
    destinationHostnames: some(
      patterns.filter((each) => each !== '*.com'),
      3,
    ),
    ports,
    protocol: fc.constantFrom('TCP', 'TCP', undefined),
    sourceAgents: rarely(selector),
  })
  .filter(
    ({ destinationCIDRs, destinationHostnames }) => destinationCIDRs.length + destinationHostnames.length > 0,
  );
const backendRefs = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  {
    weight: 3,
    arbitrary: fc.uniqueArray(
      fc.record(
        {
          name: fc.constantFrom('x', 'x', 'y', 'z', 'z', 'missing'),
          weight: fc.constantFrom(0, 1, 1, 2, 2),
          port: rarely(fc.constantFrom(443, 8443)),
        },
        { requiredKeys: ['name'] },
      ),
      { minLength: 1, maxLength: 3, selector: ({ name }) => name },
    ),
  },
);
const l4Route = (name: string): fc.Arbitrary<Manifest> =>
  route(
    'EgressL4Route',
    name,
    fc.record({
      rules: fc.array(
        fc.record({
          matches: fc.array(l4Match, { minLength: 1, maxLength: 2 }),
          filters: filters(extension),
          backendRefs,
        }),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  );

const budget = fc
  .record(
    {
      maxTokensPerDay: fc.constantFrom(100, 1000),
      maxTokensPerExecution: fc.constantFrom(10, 20),
      maxOutputTokensPerRequest: fc.constantFrom(5, 7),
      budgetRef: fc.constant('shared'),
    },
    { requiredKeys: [] },
  )
  .filter((each) => Object.keys(each).some((key) => key !== 'budgetRef'))
  .map((tokenBudget) => ({ type: 'TokenBudget', tokenBudget }));
const readableGlobs = modelGlobs.filter((glob) => !glob.startsWith('[bad'));
const everyCall = fc.constant<Body[]>([{ provider: 'openai' }]);
const providerRule = fc.record({
  matches: fc.oneof(
    everyCall,
    fc.array(
      fc.record(
        {
          provider: fc.constantFrom(
            'openai',
            'openai',
            'openai',
            'openai',
            'openai',
            'anthropic',
            'azure-openai',
            'custom',
          ),
          models: some(readableGlobs, 2),
          endpoints: some(endpointGlobs, 2),
        },
        { requiredKeys: ['provider'] },
      ),
      { minLength: 1, maxLength: 2 },
    ),
  ),
  filters: fc.oneof(
    filters(budget),
    budget.map((each) => [each]),
  ),
  backendRefs,
});
const providerRoute = (name: string): fc.Arbitrary<Manifest> =>
  route(
    'AIProviderRoute',
    name,
    fc.record({ rules: fc.array(providerRule, { minLength: 1, maxLength: 3 }) }),
  );

const toolRate = fc.record(
  {
    tools: some(['search_*', 'get_?'], 1),
    requests: fc.constantFrom(1, 20),
    window: fc.constantFrom('1s', '1m30s', '24h'),
    scope: fc.constantFrom('PerAgent', 'PerExecution', 'PerRoute'),
  },
  { requiredKeys: ['requests', 'window'] },
);
const toolPolicy = fc
  .record(
    {
      allowedTools: some(['search_*', 'get_x'], 1),
      allowedToolsRegex: some(['^get_[a-z]+$'], 1),
      deniedTools: some(['delete_*', 'search_secret'], 1),
      deniedToolsRegex: some(['_x$'], 1),
      requireConfirmation: rarely(fc.constant(['get_*'])),
      maxCallsPerExecution: rarely(fc.constant(3)),
      argumentRules: maybe(
        fc.array(
          fc.record(
            {
              tools: some(['search_*', 'get_?'], 1),
              action: fc.constantFrom('Allow', 'Deny'),
              expression: fc.constantFrom(...argumentExpressions, 'arguments.n'),
            },
            { requiredKeys: ['expression'] },
          ),
          { minLength: 1, maxLength: 2 },
        ),
      ),
      rateLimits: rarely(fc.array(toolRate, { minLength: 1, maxLength: 2 })),
    },
    { requiredKeys: ['allowedTools', 'deniedTools'] },
  )
  .map((each) => ({ type: 'ToolPolicy', toolPolicy: each }));
const mcpRule = fc.record({
  matches: fc.array(
    fc.record({
      servers: some(['a.example.com', '*.example.com'], 1),
      tools: some(['search_*', 'delete_all'], 2),
      toolsRegex: some(['^get_[a-z]+$', '\\bsearch'], 1),
      resources: some(['file:///*', 'db://x'], 1),
      methods: some(['tools/*', 'initialize', 'x/*', 'resources/*'], 1),
    }),
    { maxLength: 2 },
  ),
  filters: filters(toolPolicy),
  backendRefs,
});
const mcpRoute = (name: string): fc.Arbitrary<Manifest> =>
  route(
    'MCPRoute',
    name,
    fc.record({
      hostnames: some([...mcpHosts, '*.example.com', 'api.openai.com'], 2),
      rules: fc.array(mcpRule, { maxLength: 2 }),
    }),
  );

const httpMatch = fc.record(
  {
    methods: fc.constantFrom(['GET'], ['POST'], ['GET', 'DELETE'], ['*']),
    path: fc.constantFrom(
      { type: 'Exact', value: '/repos' },
      { type: 'PathPrefix', value: '/repos' },
      { type: 'Template', value: '/repos/{owner}/{repo}' },
      { type: 'RegularExpression', value: '/repos/[a-c]+' },
    ),
    queryParams: fc.constant([{ name: 'service', values: ['a'] }]),
    headers: fc.constant([{ name: 'x-mode', values: ['a'] }]),
    contentTypes: fc.constant(['application/json']),
    maxBodyBytes: fc.constant(10),
    webSocket: fc.boolean(),
  },
  { requiredKeys: ['methods'] },
);
const httpRoute = (name: string): fc.Arbitrary<Manifest> =>
  route(
    'EgressHTTPRoute',
    name,
    fc.record({
      hostnames: some([...httpHosts, '*.example.com'], 2).filter((hosts) => hosts.length > 0),
      sourceAgents: rarely(selector),
      rules: fc.array(
        fc.record({
          matches: fc.array(httpMatch, { minLength: 1, maxLength: 2 }),
          filters: filters(extension),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  );

const backend = (name: string): fc.Arbitrary<Manifest> =>
  fc
    .record({
      schema: fc
        .constantFrom('openai', 'openai', 'anthropic', 'azure-openai')
        .map((schemaName) => ({ name: schemaName })),
      upstream: fc.record(
        {
          host: fc.constantFrom('api.openai.com', 'api.openai.com', 'api.anthropic.com', ...names),
          port: fc.constantFrom(443, 8443),
        },
        { requiredKeys: ['host'] },
      ),
      modelRewrites: maybe(
        fc.array(
          fc.record({ from: fc.constantFrom('gpt-*', '*', 'o1'), to: fc.constantFrom('o1', 'gpt-4') }),
          {
            minLength: 1,
            maxLength: 2,
          },
        ),
      ),
      bodyMutation: maybe(fc.record({ ensureStreamUsage: fc.constantFrom(true, true, false) }), 2),
    })
    .map((spec) => object('Backend', name, spec));

const target = (kind: string, name: string): Body => ({ group, kind, name });
const routeTargets = [
  ...['r', 's'].map((name) => target('AIProviderRoute', name)),
  ...['m', 'n'].map((name) => target('MCPRoute', name)),
  target('EgressHTTPRoute', 'w'),
];
const credential = (name: string): fc.Arbitrary<Manifest> =>
  fc
    .record({
      place: fc.constantFrom(...namespaces, 'd', 'd'),
      targetRefs: fc.array(
        fc.oneof(
          fc.constantFrom(...routeTargets),
          fc.constantFrom(...gateways).map((each) => target('EgressGateway', each)),
          fc
            .constantFrom('x', 'y')
            .map((sectionName) => ({ ...target('AIProviderRoute', 'r'), sectionName })),
        ),
        { minLength: 1, maxLength: 2 },
      ),
      secretRef: fc.constantFrom({ name: 's' }, { name: 't' }),
      secretKey: rarely(fc.constant('other')),
      how: fc.constantFrom<Body>(
        { target: 'Header', headerName: 'Authorization', headerValuePrefix: 'Bearer ' },
        { target: 'Header', headerName: 'Authorization' },
        { target: 'Header', headerName: 'x-api-key' },
        { target: 'QueryParam', queryParamName: 'key' },
        { target: 'ProviderAuth', providerAuth: { type: 'AWSv4' } },
        { target: 'ProviderAuth', providerAuth: { type: 'GCPServiceAccount' } },
        { target: 'Basic' },
        { target: 'OAuth2', oauth2: { grant: 'ClientCredentials', tokenURL: 'https://login.example/token' } },
      ),
    })
    .map(({ place, how, ...spec }) => object('CredentialInjectionPolicy', name, { ...spec, ...how }, place));

const denial = (name: string): fc.Arbitrary<Manifest> =>
  fc
    .record({
      place: fc.constantFrom(...namespaces, 'd', 'd'),
      targetRefs: fc.array(
        fc.constantFrom(...routeTargets, target('EgressL4Route', 'l'), target('EgressL4Route', 'k')),
        { minLength: 1, maxLength: 1 },
      ),
      denyResponse: rarely(fc.constant({ statusCode: 451, message: 'no' })),
    })
    .map(({ place, ...spec }) => object('EgressDenyPolicy', name, spec, place));

const logging = (name: string): fc.Arbitrary<Manifest> =>
  fc
    .record({
      captureRequest: fc.boolean(),
      captureResponse: fc.boolean(),
      redactHeaders: some(['x-a', 'X-B'], 2),
      sinkRef: fc.constantFrom(undefined, 'archive', 'audit'),
    })
    .map((spec) => object('LoggingPolicy', name, spec));

/** What changes no call, and is read all the same. */
const idle: readonly Manifest[] = [
  object('WorkerPool', 'p', { replicas: 1, template: { image } }),
  object('FallbackRoutingPolicy', 'f', { targetRefs: [target('AIProviderRoute', 'r')] }),
  object('CLRKConfig', 'default', { notifications: { email: 'ops@example.com' } }),
];

const rates: readonly Manifest[] = ['d', 'e'].flatMap((place) => [
  object('RateLimitPolicy', 'slow', { requests: 100, window: '1m', scope: 'PerRoute' }, place),
  object('RateLimitPolicy', 'each', { requests: 2, window: '1h' }, place),
]);

/** Some of these, each with a name of its own. */
const chosen = (all: ReadonlyArray<fc.Arbitrary<Manifest>>, minLength: number): fc.Arbitrary<Manifest[]> =>
  fc.subarray([...all], { minLength }).chain((picked) => fc.tuple(...picked).map((each: Manifest[]) => each));

/** A set as one file's text, its documents in any order. */
export const manifestTexts: fc.Arbitrary<string> = fc
  .tuple(
    fc.tuple(...namespaces.map(namespace)),
    fc.tuple(agent('TaskAgent', 'a'), agent('TaskAgent', 'b'), agent('DaemonAgent', 'c')),
    fc.tuple(...gateways.map(gateway)),
    chosen([l4Route('l'), l4Route('k')], 0),
    fc.tuple(providerRoute('r')),
    chosen([providerRoute('s')], 0),
    chosen([mcpRoute('m'), mcpRoute('n'), httpRoute('w')], 0),
    fc.tuple(backend('x'), backend('y'), backend('z')),
    chosen([credential('p'), credential('q'), credential('w')], 0),
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Manifest[]>([]) },
      { weight: 1, arbitrary: chosen([denial('deny'), denial('refuse')], 1) },
    ),
    fc.tuple(logging('lp'), logging('lq')),
  )
  .chain((parts) => {
    const all = [...parts.flat(), ...idle, ...rates];
    return fc.shuffledSubarray(all, { minLength: all.length });
  })
  .map((objects) => objects.map((each) => stringify(each, { version: '1.1' })).join('---\n'));
