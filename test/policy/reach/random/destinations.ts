/** Random rules of which destinations are open. */
import fc from 'fast-check';
import type { DestinationPolicy, RouteBackend } from '../../../../contract/index.ts';
import { ruleLimits } from './call-limits.ts';
import { logging } from './provider.ts';
import { agentIds, cidrs, names, patterns, portSpan, some } from './vocabulary.ts';

const place: fc.Arbitrary<RouteBackend> = fc
  .record({
    name: fc.constantFrom('x', 'y'),
    weight: fc.integer({ min: 0, max: 2 }),
    host: fc.constantFrom(...names, 'api.openai.com', '8.8.8.8', '10.9.9.9', '127.0.0.1', 'not a host'),
    port: fc.constantFrom(443, 8443),
  })
  .map((each) => ({ ...each, schema: '', modelRewrites: [], ensureStreamUsage: false }));

const rule = fc.record({
  route: fc.constantFrom(
    'EgressL4Route/d/l4',
    'AIProviderRoute/d/r',
    'AIProviderRoute/d/s',
    'MCPRoute/d/m',
    'EgressHTTPRoute/d/h',
  ),
  hostnames: fc.oneof(
    some(patterns),
    fc.constant(['api.openai.com', '*.openai.azure.com', '*.example.com', 'api.stripe.com']),
  ),
  cidrs: some(cidrs),
  ports: fc.array(portSpan, { maxLength: 2 }),
  protocol: fc.constantFrom('TCP' as const, 'TCP' as const, 'TCP' as const, 'UDP' as const),
  sourceAgents: fc.option(some(agentIds), { nil: undefined }),
  limits: ruleLimits,
  kept: fc.option(logging, { nil: undefined, freq: 3 }),
  backends: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.array(place, { minLength: 1, maxLength: 2 }) },
  ),
});

type RandomRule = DestinationPolicy['rules'][number];

const cleanRule: fc.Arbitrary<RandomRule> = rule.map(({ sourceAgents, limits, backends, kept, ...rest }) => ({
  ...rest,
  // Only what an L4 route opens is counted by its own rule, or sent to a place of it.
  ...(rest.route.startsWith('EgressL4Route/') ? limits : {}),
  ...(rest.route.startsWith('EgressL4Route/') && kept !== undefined ? { logging: kept } : {}),
  ...(rest.route.startsWith('EgressL4Route/') && backends !== undefined ? { backends } : {}),
  ...(sourceAgents === undefined ? {} : { sourceAgents }),
}));

const providerOpening: RandomRule = {
  ...{ route: 'AIProviderRoute/d/r', hostnames: ['api.openai.com', 'a.example.com'], cidrs: [] },
  ...{ ports: [], protocol: 'TCP' },
};

export const destinations: fc.Arbitrary<DestinationPolicy> = fc
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
    audits: fc.boolean(),
    asks: fc.constantFrom(false, false, true),
    platformCidrs: fc.oneof(
      { weight: 8, arbitrary: some(['10.1.2.0/24', '203.0.113.128/25', 'fd00:1::/32'], 2) },
      { weight: 1, arbitrary: fc.constant(['not a cidr']) },
    ),
  })
  .map(({ denials, audits, asks, ...policy }) => ({
    ...policy,
    ...(audits && policy.defaultPolicy === 'allow-all' ? { audit: true as const } : {}),
    ...(asks && policy.defaultPolicy === 'deny-all' ? { asksUnlisted: true as const } : {}),
    ...(denials.length === 0 ? {} : { denials: denials.map((each) => ({ ...each, policy: 'd/deny' })) }),
  }));
