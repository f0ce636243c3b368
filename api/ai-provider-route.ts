/** AIProviderRoute: the providers, models and endpoints a gateway lets agents call, and where the calls go. */
import { Type, type Static } from 'typebox';
import { choice, integer, list, record, text } from './field.ts';
import { usdRules } from './rule.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';
import { backendRefs, extensionRef, parentRefs, routeStatus, ruleApproval } from './route.ts';

export const providers = ['openai', 'anthropic', 'google', 'azure-openai', 'bedrock', 'custom'] as const;

const match = record('Match is the calls of one provider.', {
  provider: choice(
    'provider is whose API is called; custom is any host, matched by endpoint only.',
    providers,
  ),
  models: Type.Optional(
    list('models are globs of model names; unset means every model.', text('One glob, such as gpt-4o*.'), {
      max: 32,
    }),
  ),
  endpoints: Type.Optional(
    list(
      'endpoints are globs of request paths; unset means every path.',
      text('One glob, such as /v1/chat/*.', {
        max: 1_024,
        rules: [
          {
            rule: "self.startsWith('/') || self.startsWith('*')",
            message: 'an endpoint glob starts with / or *',
          },
        ],
      }),
      { max: 32 },
    ),
  ),
});

const usd = { max: 16, rules: usdRules } as const;
const tokens = { format: 'int64', min: 1, max: Number.MAX_SAFE_INTEGER } as const;

const filter = record(
  'Filter is one limit or extension.',
  {
    type: choice('type is which of the blocks below applies.', ['TokenBudget', 'ExtensionRef']),
    tokenBudget: Type.Optional(
      record(
        'tokenBudget limits tokens and money for type TokenBudget.',
        {
          maxTokensPerExecution: Type.Optional(
            integer(
              'maxTokensPerExecution is the most one execution may use; unset means unlimited.',
              tokens,
            ),
          ),
          maxTokensPerDay: Type.Optional(
            integer(
              'maxTokensPerDay is the most this rule may use in a UTC day; unset means unlimited.',
              tokens,
            ),
          ),
          maxOutputTokensPerRequest: Type.Optional(
            integer(
              'maxOutputTokensPerRequest is the most one answer may hold; unset means unlimited.',
              tokens,
            ),
          ),
          maxCostPerExecution: Type.Optional(
            text('maxCostPerExecution is the most one execution may cost; unset means unlimited.', usd),
          ),
          maxCostPerDay: Type.Optional(
            text(
              'maxCostPerDay is the most this rule may cost in a UTC day, in US dollars by the price of the model; calls whose price is not known are refused. Unset means unlimited.',
              usd,
            ),
          ),
          warnAt: Type.Optional(
            list(
              'warnAt are the percentages of the limits a day at which an Event and the condition BudgetAvailable tell of it, once a day each; unset means 80 and 100, an empty list none. Without 100 that condition is Unknown.',
              integer('One percentage, 1 to 100.', { min: 1, max: 100 }),
              { max: 5 },
            ),
          ),
          budgetRef: Type.Optional(
            text('budgetRef is a budget shared with other rules; unset means its own.'),
          ),
        },
        {
          rules: [
            {
              rule: '!has(self.warnAt) || size(self.warnAt) == 0 || has(self.maxTokensPerDay) || has(self.maxCostPerDay)',
              message: 'warnAt is about limits a day: set maxTokensPerDay or maxCostPerDay',
            },
          ],
        },
      ),
    ),
    extensionRef: Type.Optional(extensionRef()),
  },
  {
    rules: [
      {
        rule: "(self.type == 'TokenBudget') == has(self.tokenBudget) && (self.type == 'ExtensionRef') == has(self.extensionRef)",
        message: 'set exactly the block of the filter type: tokenBudget or extensionRef',
      },
    ],
  },
);

const spec = record('spec is the route as it should be.', {
  parentRefs: parentRefs(),
  rules: list(
    'rules are tried in order; the first that matches applies.',
    record('Rule is what happens to the calls any of its matches names.', {
      matches: Type.Optional(list('matches are the calls; unset means none.', match, { max: 16 })),
      approval: Type.Optional(ruleApproval()),
      filters: Type.Optional(list('filters limit or extend the rule; unset means none.', filter, { max: 8 })),
      backendRefs: Type.Optional(
        backendRefs(
          'backendRefs are where the calls go, by weight, or in their order under a FallbackRoutingPolicy; those that speak another API get none of the calls to its providers. Unset means where the agent sent them.',
        ),
      ),
    }),
    { max: 16 },
  ),
});

const status = routeStatus({
  budgets: Type.Optional(
    list(
      'budgets are the thresholds (warnAt) of budgets of today that are passed.',
      record('BudgetMark is one of them.', {
        budget: text('budget is its budgetRef, or its place in the rules.'),
        namespace: text('namespace is where the gateways are that count it together.'),
        unit: choice('unit is what is counted; nanoUsd are billionths of a US dollar.', [
          'tokens',
          'nanoUsd',
        ]),
        day: text('day is the UTC day, such as 2026-11-27.', { max: 10 }),
        limit: integer('limit is what may be used in the day.', tokens),
        percent: integer('percent of the limit that is used.', { min: 1, max: 100 }),
      }),
      { max: 64 },
    ),
  ),
});

export type AIProviderRouteSpec = Static<typeof spec>;
export type AIProviderRouteStatus = Static<typeof status>;
export type AIProviderRoute = Resource<AIProviderRouteSpec, AIProviderRouteStatus>;

export const aiProviderRoute: KindDefinition = {
  kind: 'AIProviderRoute',
  plural: 'aiproviderroutes',
  shortName: 'aipr',
  description: 'AIProviderRoute opens providers, models and endpoints and says where the calls go.',
  spec,
  status,
  columns: columns([
    { name: 'Gateway', type: 'string', jsonPath: '.spec.parentRefs[*].name' },
    { name: 'Providers', type: 'string', jsonPath: '.spec.rules[*].matches[*].provider' },
  ]),
};
