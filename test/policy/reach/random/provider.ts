/** Random rules for calls of AI providers, their Backends, denials and credentials. */
import fc from 'fast-check';
import type {
  GatewayCredential,
  LoggingRule,
  RouteBackend,
  ProviderRoute,
  ProviderRule,
  RouteFallback,
} from '../../../../contract/index.ts';
import type { GatewayDocument } from '../../../../policy/reach/index.ts';
import { ruleLimits, ruleTokenRates } from './call-limits.ts';
import { answer } from './mcp.ts';
import { endpointGlobs, gatewayNames, modelGlobs, names, routeNames, some } from './vocabulary.ts';

export const backend: fc.Arbitrary<RouteBackend> = fc
  .record({
    name: fc.constantFrom('x', 'y', 'z'),
    weight: fc.integer({ min: 0, max: 2 }),
    schema: fc.constantFrom('openai', 'openai', 'anthropic', 'custom'),
    host: fc.constantFrom(...names, '10.1.2.3'),
    port: fc.constantFrom(443, 8443),
    plain: fc.constantFrom(undefined, undefined, undefined, true as const),
    modelRewrites: fc.oneof(
      { weight: 3, arbitrary: fc.constant<RouteBackend['modelRewrites']>([]) },
      {
        weight: 1,
        arbitrary: fc.array(
          fc.record({
            from: fc.constantFrom('gpt-*', '*', 'o1', '[bad'),
            to: fc.constantFrom('o1', 'gpt-4'),
          }),
          { minLength: 1, maxLength: 2 },
        ),
      },
    ),
    ensureStreamUsage: fc.boolean(),
  })
  .map(({ plain, ...rest }) => ({ ...rest, ...(plain === undefined ? {} : { plain }) }));

const limit = fc.constantFrom(undefined, 100, 1000);
const cost = fc.constantFrom(undefined, undefined, 1_000_000, 2_500_000_001);
export const budget: fc.Arbitrary<ProviderRule['filters'][number]> = fc
  .tuple(limit, limit, limit, fc.constantFrom(undefined, undefined, 'shared'), cost, cost)
  .map(([perDay, perExecution, output, budgetRef, dayCost, runCost]) => ({
    type: 'TokenBudget',
    ...(perDay === undefined ? {} : { maxTokensPerDay: perDay }),
    ...(perExecution === undefined ? {} : { maxTokensPerExecution: perExecution }),
    ...(output === undefined ? {} : { maxOutputTokensPerRequest: output }),
    ...(dayCost === undefined ? {} : { maxNanoUsdPerDay: dayCost }),
    ...(runCost === undefined ? {} : { maxNanoUsdPerExecution: runCost }),
    account: budgetRef ?? 'rule/d/r/0/0',
  }));

export const logging: fc.Arbitrary<LoggingRule> = fc.record({
  captureRequest: fc.boolean(),
  captureResponse: fc.boolean(),
  redactHeaders: some(['x-a', 'x-b'], 2),
  // `gone`: no gateway has it; `mute`: nothing is sent to it.
  sinks: some(['archive', 'audit', 'mute', 'gone'], 2),
});

export const everyOpenAiCall = { provider: 'openai', models: [], endpoints: [] };

export const providerRule: fc.Arbitrary<ProviderRule> = fc
  .record({
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
    backends: fc.oneof(fc.constant<RouteBackend[]>([]), fc.array(backend, { maxLength: 3 })),
    logging: fc.option(logging, { nil: undefined, freq: 3 }),
    limits: ruleLimits,
    rates: ruleTokenRates,
  })
  .map(({ logging: rule, limits, rates, ...rest }) => ({
    ...rest,
    ...limits,
    ...rates,
    ...(rule === undefined ? {} : { logging: rule }),
  }));

const fallback: fc.Arbitrary<RouteFallback> = fc.record({
  retries: fc.integer({ min: 0, max: 2 }),
  statuses: fc.constant([429, 503]),
  maxEjectionMs: fc.constant(1),
});

export const providerRoutes: fc.Arbitrary<ProviderRoute[]> = fc.uniqueArray(
  fc
    .record({
      route: fc.constantFrom(...routeNames).map((name) => ({ namespace: 'd', name })),
      rules: fc.array(providerRule, { maxLength: 3 }),
      fallback: fc.option(fallback, { nil: undefined, freq: 3 }),
    })
    .map(({ fallback: order, ...rest }) => (order === undefined ? rest : { ...rest, fallback: order })),
  { maxLength: 2, selector: ({ route }) => route.name },
);

const awsKeys = { accessKeyId: 'id', secretAccessKey: 'secret' };

const drawn: fc.Arbitrary<GatewayCredential> = fc.record({
  policy: fc.constantFrom('p', 'q', 'w').map((name) => ({ namespace: 'd', name })),
  target: fc.oneof(
    fc
      .constantFrom(...gatewayNames)
      .map((name) => ({ kind: 'EgressGateway' as const, namespace: 'd', name })),
    fc
      .constantFrom(...routeNames)
      .map((name) => ({ kind: 'AIProviderRoute' as const, namespace: 'd', name })),
    fc.constant({ kind: 'MCPRoute' as const, namespace: 'd', name: 'm' }),
    fc.constant({ kind: 'EgressHTTPRoute' as const, namespace: 'd', name: 'h' }),
    fc.tuple(fc.constantFrom(...routeNames), fc.constantFrom('x', 'y')).map(([name, sectionName]) => ({
      kind: 'AIProviderRoute' as const,
      namespace: 'd',
      name,
      sectionName,
    })),
  ),
  source: fc.constantFrom('s', 't').map((name) => ({ namespace: 'd', name, key: 'token' })),
  inject: fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom('authorization', 'x-api-key')
        .map((name) => ({ type: 'Header' as const, name, value: '' })),
    },
    { weight: 2, arbitrary: fc.constant({ type: 'QueryParam' as const, name: 'key', value: '' }) },
    { weight: 1, arbitrary: fc.constant({ type: 'Broken' as const, reason: 'SecretNotFound' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<GatewayCredential['inject']>(
        { type: 'AWSv4', keys: awsKeys, service: 'bedrock', region: 'eu-west-1' },
        { type: 'AWSv4', keys: awsKeys },
        { type: 'AWSv4' },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('https://login.example/a', 'https://login.example/b').map((endpoint) => ({
        ...{ type: 'Token' as const, endpoint },
        grant: { type: 'ServiceAccount' as const, email: '', privateKeyPem: '' },
      })),
    },
  ),
});

function withOwnSecret(inject: GatewayCredential['inject'], index: number): GatewayCredential['inject'] {
  if ('value' in inject) return { ...inject, value: `secret-${index}` };
  if (inject.type === 'Token') {
    return { ...inject, grant: { type: 'ServiceAccount', email: `id-${index}`, privateKeyPem: '' } };
  }
  if (inject.type !== 'AWSv4' || inject.keys === undefined) return inject;
  return { ...inject, keys: { ...inject.keys, accessKeyId: `id-${index}` } };
}

/** With a value of its own, by which the oracle finds whose it is. */
export const credentials: fc.Arbitrary<GatewayCredential[]> = fc.array(drawn, { maxLength: 6 }).map((all) =>
  all.map((each, index) => ({
    ...each,
    inject: withOwnSecret(each.inject, index),
  })),
);

export const providerDenials: fc.Arbitrary<NonNullable<GatewayDocument['providerDenials']>> = fc.array(
  fc.record({
    route: fc.constant({ namespace: 'd', name: 'denied' }),
    answer: fc.constant(answer),
    rules: fc.array(
      providerRule.map((each) => ({ ...each, filters: [] })),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 1 },
);
