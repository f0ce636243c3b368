/**
 * Random sets of documents: pools, gateways, and agents that name them; broad ones, and narrow ones that try one matter often.
 */
import fc from 'fast-check';
import type { DestinationPolicy, RouteBackend } from '../../../../contract/index.ts';
import type { GatewayDocument, PoolDocument, ReachDocuments } from '../../../../policy/reach/index.ts';
import { destinations } from './destinations.ts';
import { endpoints, gatewayDocument } from './gateway.ts';
import { httpHosts, httpRoutes } from './http.ts';
import { answer, countedRoutes, mcpRoutes } from './mcp.ts';
import { backend, budget, everyOpenAiCall, providerRule } from './provider.ts';
import { agentNames, gatewayNames, mcpHosts } from './vocabulary.ts';

const emptyAgent = {
  namespace: 'd',
  uid: '',
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

function assemble({ gateways, orders, stale }: Parts): ReachDocuments {
  const pool: PoolDocument = {
    version: 1,
    pool: { namespace: 'd', name: 'p', uid: '' },
    frameKeyBase64: '',
    dispatchTls: { certificatePem: '', privateKeyPem: '', clientCaPem: '' },
    maxExecutionsPerWorker: 0,
    agents: agentNames.map((name, index) => ({
      ...emptyAgent,
      kind: name === 'c' ? ('DaemonAgent' as const) : ('TaskAgent' as const),
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

/** One gateway that opens these hosts by these routes and puts nothing in the way. */
function narrow(
  document: GatewayDocument,
  routes: readonly string[],
  hostnames: readonly string[],
  change: Partial<GatewayDocument>,
): ReachDocuments {
  const rules = routes.map((route) => ({
    ...{ route, hostnames: [...hostnames], cidrs: [], ports: [], protocol: 'TCP' as const },
  }));
  const open: GatewayDocument = {
    ...document,
    listeners: [{ name: 'any', protocol: 'HTTPS', tlsMode: 'Terminate' }],
    destinations: { defaultPolicy: 'deny-all', platformCidrs: [], rules },
    ...change,
  };
  return assemble({ gateways: [open], orders: agentNames.map(() => ['g']), stale: undefined });
}

/** One open provider with rules: all that is random is what they say, backends, credentials and pins. */
export const providerDocuments: fc.Arbitrary<ReachDocuments> = fc
  .record({
    document: gatewayDocument('g'),
    rules: fc.array(providerRule, { minLength: 1, maxLength: 3 }),
  })
  .map(({ document, rules }) => {
    const opener = document.providerRoutes.find(({ route }) => route.name === 'r');
    const others = document.providerRoutes.filter((each) => each !== opener);
    const ruled = { route: { namespace: 'd', name: 'r' }, ...opener, rules };
    return narrow(document, ['AIProviderRoute/d/r'], ['api.openai.com'], {
      mcpRoutes: [],
      providerRoutes: [ruled, ...others],
    });
  });

const sentOn: fc.Arbitrary<RouteBackend> = fc.tuple(backend, fc.boolean()).map(([each, own]) => ({
  ...each,
  ...(own ? { host: 'api.openai.com' } : {}),
  weight: 1,
  schema: 'openai',
  port: 443,
}));

/** As `providerDocuments`, every call sent on to Backends under denials of calls. */
export const backendDocuments: fc.Arbitrary<ReachDocuments> = fc
  .record({
    documents: providerDocuments,
    backends: fc.array(sentOn, { minLength: 1, maxLength: 2 }),
    denied: fc.array(providerRule, { minLength: 1, maxLength: 2 }),
  })
  .map(({ documents: { gateways, pools }, backends, denied }) => ({
    pools,
    gateways: gateways.map((document) => ({
      ...document,
      upstream: { ...document.upstream, hostAliases: [] },
      credentials: [],
      providerRoutes: [
        {
          route: { namespace: 'd', name: 'r' },
          rules: [{ matches: [everyOpenAiCall], filters: [], backends }],
        },
      ],
      providerDenials: [
        {
          route: { namespace: 'd', name: 'denied' },
          answer,
          // Mostly of Backends: what denies the host the agent calls is never sent on.
          rules: denied.map((each) => ({
            ...each,
            matches: each.matches.map(({ provider, ...match }) => ({
              ...match,
              provider:
                match.models.length === 0 ? 'azure-openai' : provider === 'openai' ? provider : 'custom',
            })),
            filters: [],
          })),
        },
      ],
    })),
  }));

const orderedRule = fc.record({
  models: fc.subarray<string>(['gpt-4o', 'gpt-*', '*-mini', 'o1', '*'], { minLength: 1, maxLength: 2 }),
  endpoints: fc.oneof(
    { weight: 2, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.constantFrom<string[]>(['/v1/chat/*'], ['/v1/models/*']) },
  ),
  backends: fc.oneof(
    fc.constant<RouteBackend[]>([]),
    sentOn.map((each) => [each]),
  ),
});

/** Rules that take calls from each other, each with a way of its own. */
export const orderedDocuments: fc.Arbitrary<ReachDocuments> = fc
  .tuple(
    providerDocuments,
    fc.array(orderedRule, { minLength: 2, maxLength: 4 }),
    fc.subarray<string>(['o1', '*-MINI', 'gpt-4']),
  )
  .map(([{ gateways, pools }, rules, denied]) => ({
    pools,
    gateways: gateways.map((document) => ({
      ...document,
      upstream: { ...document.upstream, hostAliases: [] },
      credentials: [],
      providerRoutes: [
        {
          route: { namespace: 'd', name: 'r' },
          rules: rules.map(({ backends, ...match }) => ({
            ...{ matches: [{ provider: 'openai', ...match }], filters: [], backends },
          })),
        },
      ],
      providerDenials: denied.map((model) => ({
        route: { namespace: 'd', name: 'denied' },
        answer,
        rules: [
          {
            matches: [{ provider: 'openai', models: [model], endpoints: [] }],
            ...{ filters: [], backends: [] },
          },
        ],
      })),
    })),
  }));

/** As `providerDocuments`, where rules tell calls apart by nothing but what can be counted. */
export const budgetDocuments: fc.Arbitrary<ReachDocuments> = fc
  .tuple(providerDocuments, fc.array(budget, { maxLength: 2 }))
  .map(([{ gateways, pools }, filters]) => ({
    pools,
    gateways: gateways.map((document) => ({
      ...document,
      upstream: { ...document.upstream, hostAliases: [] },
      credentials: [],
      providerDenials: [],
      providerRoutes: [
        {
          route: { namespace: 'd', name: 'r' },
          rules: [{ matches: [everyOpenAiCall], filters, backends: [] }],
        },
      ],
    })),
  }));

/** Hosts of MCP servers, opened by MCPRoutes, an L4 route or both. */
export const mcpDocuments: fc.Arbitrary<ReachDocuments> = fc
  .record({
    document: gatewayDocument('g'),
    routes: fc.array(mcpRoutes, { minLength: 1, maxLength: 2 }),
    openers: fc.subarray(['MCPRoute/d/m', 'EgressL4Route/d/l4'], { minLength: 1 }),
  })
  .map(({ document, routes, openers }) =>
    narrow(document, openers, mcpHosts, {
      upstream: { ...document.upstream, hostAliases: [] },
      providerRoutes: [],
      providerDenials: [],
      mcpRoutes: routes.flat(),
    }),
  );

/** As `mcpDocuments`, where messages are counted. */
export const countedDocuments: fc.Arbitrary<ReachDocuments> = fc
  .tuple(gatewayDocument('g'), countedRoutes)
  .map(([document, routes]) =>
    narrow(document, ['MCPRoute/d/m'], mcpHosts, {
      upstream: { ...document.upstream, hostAliases: [] },
      ...{ providerRoutes: [], providerDenials: [], httpRoutes: [], credentials: [], mcpRoutes: routes },
    }),
  );

/** Hosts that EgressHTTPRoutes open, alone or beside an L4 route. */
export const httpDocuments: fc.Arbitrary<ReachDocuments> = fc
  .record({
    document: gatewayDocument('g'),
    routes: httpRoutes.filter(({ length }) => length > 0),
    openers: fc.constantFrom(
      ['EgressHTTPRoute/d/h'],
      ['EgressHTTPRoute/d/h'],
      ['EgressHTTPRoute/d/h', 'EgressL4Route/d/l4'],
    ),
  })
  .map(({ document, routes, openers }) =>
    narrow(document, openers, httpHosts, {
      upstream: { ...document.upstream, hostAliases: [] },
      ...{ providerRoutes: [], providerDenials: [], mcpRoutes: [], httpRoutes: routes },
    }),
  );
