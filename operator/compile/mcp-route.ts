/** MCPRoute to the gateway's form. A route without hostnames governs nothing and is left out. */
import type { McpMatch, McpRoute, McpRule, ToolPolicy } from '../../contract/index.ts';
import type { EgressGateway, MCPRoute } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { compileRate } from './call-limit.ts';
import { denialAt } from './denial.ts';
import { gatewayId } from './name.ts';
import { placesOf } from './route-backend.ts';
import { compileFilters } from './route-filter.ts';

type Rule = NonNullable<MCPRoute['spec']['rules']>[number];
type Match = NonNullable<Rule['matches']>[number];
type Policy = NonNullable<NonNullable<Rule['filters']>[number]['toolPolicy']>;

export function mcpHostnames(route: MCPRoute): string[] {
  return (route.spec.hostnames ?? []).map((name) => name.toLowerCase());
}

export function compileMcpRoute(world: World, gateway: EgressGateway, route: MCPRoute): McpRoute[] {
  const { namespace, name } = route.metadata;
  const hostnames = mcpHostnames(route);
  if (hostnames.length === 0) return [];
  const denied = route.spec.deniedServerRequests;
  const at = { ...route, kind: 'MCPRoute', gateway: gatewayId(gateway) };
  const denial = denialAt(world, 'MCPRoute', route);
  return [
    {
      route: { namespace, name },
      hostnames,
      rules: (route.spec.rules ?? []).map((rule, place) => compileRule(world, at, rule, place)),
      ...(denied === undefined ? {} : { deniedServerRequests: [...denied] }),
      ...(denial === undefined ? {} : { denial }),
    },
  ];
}

function compileRule(
  world: World,
  route: MCPRoute & { kind: string; gateway: string },
  rule: Rule,
  place: number,
): McpRule {
  const { unsupported, carried } = compileFilters(world, route, rule);
  const { namespace, name } = route.metadata;
  const matches = rule.matches ?? [];
  const backends = placesOf(world, route, rule);
  const policies = (rule.filters ?? []).flatMap(({ toolPolicy }, index) =>
    toolPolicy === undefined
      ? []
      : [compilePolicy(toolPolicy, `tools/${namespace}/${name}/${place}/${index}`)],
  );
  return {
    matches: (matches.length === 0 ? [{}] : matches).map(compileMatch),
    toolPolicies: policies.map(({ policy }) => policy),
    unsupported: [
      ...(backends?.length === 0 ? ['none of its Backends is there'] : []),
      ...unsupported,
      ...policies.flatMap((each) => each.unsupported),
    ],
    ...(backends === undefined ? {} : { backends }),
    ...carried,
  };
}

function compileMatch(match: Match): McpMatch {
  return {
    servers: (match.servers ?? []).map((name) => name.toLowerCase()),
    tools: [...(match.tools ?? [])],
    toolsRegex: [...(match.toolsRegex ?? [])],
    resources: [...(match.resources ?? [])],
    methods: [...(match.methods ?? [])],
  };
}

interface CompiledPolicy {
  readonly policy: ToolPolicy;
  readonly unsupported: readonly string[];
}

/** What it counts is its own, by its place in the route. */
function compilePolicy(policy: Policy, account: string): CompiledPolicy {
  const { maxCallsPerExecution } = policy;
  const rates = (policy.rateLimits ?? []).map((rate, index) => ({
    tools: [...(rate.tools ?? [])],
    toolsRegex: [...(rate.toolsRegex ?? [])],
    compiled: compileRate(rate, `${account}/rate/${index}`),
  }));
  return {
    policy: {
      allowedTools: [...(policy.allowedTools ?? [])],
      allowedToolsRegex: [...(policy.allowedToolsRegex ?? [])],
      deniedTools: [...(policy.deniedTools ?? [])],
      deniedToolsRegex: [...(policy.deniedToolsRegex ?? [])],
      requireConfirmation: [...(policy.requireConfirmation ?? [])],
      ...argumentRulesOf(policy),
      ...(maxCallsPerExecution === undefined ? {} : { maxCallsPerExecution, account: `${account}/calls` }),
      rateLimits: rates.map(({ compiled, ...names }) => ({
        ...names,
        ...('limit' in compiled ? { limit: compiled.limit } : {}),
      })),
    },
    unsupported: rates.flatMap(({ compiled }) =>
      'unsupported' in compiled ? [`rateLimits: ${compiled.unsupported}`] : [],
    ),
  };
}

/** As they are written: what cannot be read of one, the gateway refuses. */
function argumentRulesOf({ argumentRules = [] }: Policy): Pick<ToolPolicy, 'argumentRules'> {
  if (argumentRules.length === 0) return {};
  return {
    argumentRules: argumentRules.map(({ tools = [], toolsRegex = [], action = 'Allow', expression }) => ({
      ...{ tools: [...tools], toolsRegex: [...toolsRegex] },
      ...{ action, expression },
    })),
  };
}
