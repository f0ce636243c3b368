/** Random MCPRoutes. */
import fc from 'fast-check';
import type { McpRoute, RouteBackend } from '../../../../contract/index.ts';
import { callLimit, ruleLimits } from './call-limits.ts';
import { argumentExpressions, names, some } from './vocabulary.ts';

export const answer = { policy: { namespace: 'd', name: 'deny' }, status: 403 };
type Policy = McpRoute['rules'][number]['toolPolicies'][number];

const rate: fc.Arbitrary<Policy['rateLimits'][number]> = fc
  .record({
    tools: some(['search_*', 'GET_?', 'delete_all'], 2),
    toolsRegex: some(['^get_[a-z]+$', '[bad'], 1),
    // An older operator does not say where it is counted.
    limit: fc.option(callLimit, { nil: undefined, freq: 5 }),
  })
  .map(({ limit, ...names }) => (limit === undefined ? names : { ...names, limit }));

const cap = fc.constantFrom<Partial<Policy>>(
  {},
  {},
  {},
  { maxCallsPerExecution: 3, account: 'tools/d/m/0/0/calls' },
  { maxCallsPerExecution: 3, account: 'tools/d/m/0/0/calls' },
  { maxCallsPerExecution: 3 },
);

const sentOn: fc.Arbitrary<RouteBackend> = fc
  .record({
    name: fc.constantFrom('x', 'y'),
    weight: fc.integer({ min: 0, max: 2 }),
    host: fc.constantFrom(...names, 'b.example.com', 'b.example.com', '10.1.2.3'),
    port: fc.constantFrom(443, 8443),
  })
  .map((each) => ({ ...each, schema: '', modelRewrites: [], ensureStreamUsage: false }));

/** `x` often alone, so that rules of one route often go one way. */
const sent = fc.oneof(
  { weight: 4, arbitrary: fc.constant<{ backends?: RouteBackend[] }>({}) },
  {
    weight: 2,
    arbitrary: fc.constant<{ backends?: RouteBackend[] }>({
      backends: [
        {
          ...{ name: 'x', weight: 1, host: 'b.example.com', port: 8443 },
          ...{ schema: '', modelRewrites: [], ensureStreamUsage: false },
        },
      ],
    }),
  },
  { weight: 2, arbitrary: fc.array(sentOn, { maxLength: 2 }).map((backends) => ({ backends })) },
);

/** One of them is none. */
const argumentRules = fc.oneof(
  { weight: 3, arbitrary: fc.constant<NonNullable<Policy['argumentRules']>>([]) },
  {
    weight: 2,
    arbitrary: fc.array(
      fc.record({
        tools: some(['search_*', 'GET_?'], 1),
        toolsRegex: some(['_x$', '[bad'], 1),
        action: fc.constantFrom('Allow' as const, 'Deny' as const),
        expression: fc.constantFrom(...argumentExpressions, 'arguments.n'),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  },
);

const mcpRule: fc.Arbitrary<McpRoute['rules'][number]> = fc
  .record({
    matches: fc.array(
      fc.record({
        servers: some(['a.example.com', '*.example.com'], 1),
        tools: some(['search_*', 'delete_all'], 2),
        toolsRegex: some(['^get_[a-z]+$', '\\bsearch', '(bad'], 1),
        resources: some(['file:///*', 'db://x'], 1),
        methods: some(['tools/*', 'initialize', 'x/*', 'resources/*'], 1),
      }),
      { maxLength: 2 },
    ),
    toolPolicies: fc.array(
      fc
        .record({
          allowedTools: some(['search_*', 'get_x'], 1),
          allowedToolsRegex: fc.constant<string[]>([]),
          deniedTools: some(['delete_*', 'search_secret'], 1),
          deniedToolsRegex: some(['_x$', '[bad'], 1),
          requireConfirmation: fc.oneof(
            { weight: 4, arbitrary: fc.constant<string[]>([]) },
            { weight: 1, arbitrary: fc.constant<string[]>(['get_*']) },
          ),
          rateLimits: fc.oneof(
            { weight: 2, arbitrary: fc.constant<Policy['rateLimits']>([]) },
            { weight: 1, arbitrary: fc.array(rate, { minLength: 1, maxLength: 2 }) },
          ),
          argumentRules,
          cap,
        })
        .map(({ cap: counted, ...policy }): Policy => ({ ...policy, ...counted })),
      { maxLength: 1 },
    ),
    unsupported: fc.oneof(
      { weight: 6, arbitrary: fc.constant<string[]>([]) },
      { weight: 1, arbitrary: fc.constant<string[]>(['a mirror']) },
    ),
    limits: ruleLimits,
    sent,
  })
  .map(({ limits, sent: to, ...each }) => ({ ...each, ...limits, ...to }));

export const mcpRoutes: fc.Arbitrary<McpRoute[]> = fc.array(
  fc
    .record({
      route: fc.constant({ namespace: 'd', name: 'm' }),
      hostnames: some(['a.example.com', '*.example.com', 'api.openai.com'], 2),
      rules: fc.array(mcpRule, { maxLength: 2 }),
      denies: fc.constantFrom(false, false, true),
      asks: fc.constantFrom<Partial<McpRoute>>({}, {}, { deniedServerRequests: ['Sampling', 'Other'] }),
    })
    .map(({ denies, asks, ...route }) => ({ ...route, ...asks, ...(denies ? { denial: answer } : {}) })),
  { maxLength: 2 },
);

const everyMessage = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };

const countedPolicy: fc.Arbitrary<Policy> = fc
  .record({
    allowedTools: fc.constantFrom<string[]>([], ['search_*', 'get_?', 'delete_*']),
    rateLimits: fc.array(rate, { maxLength: 2 }),
    argumentRules,
    counted: cap,
  })
  .map(({ counted, ...policy }) => ({
    ...{ allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [], requireConfirmation: [] },
    ...policy,
    ...counted,
  }));

/** Rules that take most messages, and count them. */
export const countedRoutes: fc.Arbitrary<McpRoute[]> = fc
  .record({
    policies: fc.array(countedPolicy, { minLength: 1, maxLength: 2 }),
    matches: fc.constantFrom<McpRoute['rules'][number]['matches']>(
      [everyMessage],
      [{ ...everyMessage, tools: ['search_*', 'get_*'] }],
    ),
    limits: ruleLimits,
    next: mcpRule,
  })
  .map(({ policies, matches, limits, next }) => [
    {
      route: { namespace: 'd', name: 'm' },
      hostnames: ['*.example.com'],
      rules: [{ matches, toolPolicies: policies, unsupported: [], ...limits }, next],
    },
  ]);
