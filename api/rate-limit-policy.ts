/** RateLimitPolicy: how many calls, or tokens, fit in a window. Filters of routes name it with extensionRef. */
import { Type, type Static } from 'typebox';
import { countWindow } from './count-window.ts';
import { choice, integer, record } from './field.ts';
import { columns, statusOf, type KindDefinition, type Resource } from './resource.ts';

const spec = record(
  'spec is the policy as it should be.',
  {
    requests: Type.Optional(
      integer(
        'requests is how many calls fit in a window: HTTP requests, messages of MCP, or connections of an EgressL4Route whose bytes nobody reads. What no upstream can have seen is none. Unset means tokens are counted.',
        { min: 1 },
      ),
    ),
    tokens: Type.Optional(
      integer(
        'tokens is how many tokens, in and out, fit in a window, for rules of AIProviderRoutes; a rule of another route that names such a policy is refused. Unset means calls are counted.',
        { format: 'int64', min: 1, max: Number.MAX_SAFE_INTEGER },
      ),
    ),
    window: countWindow(),
    scope: Type.Optional(
      choice(
        'scope is who shares a count: each agent has its own (over all rules that name the policy), each execution has, each route that names it, or each gateway the routes are attached to; unset means PerAgent.',
        ['PerAgent', 'PerExecution', 'PerRoute', 'PerGateway'],
      ),
    ),
  },
  {
    rules: [
      {
        rule: 'has(self.requests) != has(self.tokens)',
        message: 'set what the window holds: requests or tokens, not both',
      },
    ],
  },
);

const status = statusOf({});

export type RateLimitPolicySpec = Static<typeof spec>;
export type RateLimitPolicyStatus = Static<typeof status>;
export type RateLimitPolicy = Resource<RateLimitPolicySpec, RateLimitPolicyStatus>;

export const rateLimitPolicy: KindDefinition = {
  kind: 'RateLimitPolicy',
  plural: 'ratelimitpolicies',
  shortName: 'rlp',
  description:
    'RateLimitPolicy says how many calls or tokens fit in a window, for routes whose filters name it.',
  spec,
  status,
  columns: columns([
    { name: 'Requests', type: 'integer', jsonPath: '.spec.requests' },
    { name: 'Tokens', type: 'integer', jsonPath: '.spec.tokens' },
    { name: 'Window', type: 'string', jsonPath: '.spec.window' },
    { name: 'Scope', type: 'string', jsonPath: '.spec.scope' },
  ]),
};
