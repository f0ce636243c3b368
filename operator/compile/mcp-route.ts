/** MCPRoute to the gateway's form. A route without hostnames governs nothing and is left out. */
import type { McpMatch, McpRoute, McpRule, ToolPolicy } from '../../contract/index.ts';
import type { MCPRoute } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { denialAt } from './denial.ts';
import { compileFilters } from './route-filter.ts';

type Rule = NonNullable<MCPRoute['spec']['rules']>[number];
type Match = NonNullable<Rule['matches']>[number];
type Policy = NonNullable<NonNullable<Rule['filters']>[number]['toolPolicy']>;

export function mcpHostnames(route: MCPRoute): string[] {
  return (route.spec.hostnames ?? []).map((name) => name.toLowerCase());
}

export function compileMcpRoute(world: World, route: MCPRoute): McpRoute[] {
  const { namespace, name } = route.metadata;
  const hostnames = mcpHostnames(route);
  if (hostnames.length === 0) return [];
  const denial = denialAt(world, 'MCPRoute', route);
  return [
    {
      route: { namespace, name },
      hostnames,
      rules: (route.spec.rules ?? []).map((rule) => compileRule(world, route, rule)),
      ...(denial === undefined ? {} : { denial }),
    },
  ];
}

function compileRule(world: World, route: MCPRoute, rule: Rule): McpRule {
  const { unsupported, logging } = compileFilters(world, { ...route, kind: 'MCPRoute' }, rule);
  const matches = rule.matches ?? [];
  return {
    matches: (matches.length === 0 ? [{}] : matches).map(compileMatch),
    toolPolicies: (rule.filters ?? []).flatMap(({ toolPolicy }) =>
      toolPolicy === undefined ? [] : [compilePolicy(toolPolicy)],
    ),
    unsupported: [...unsupported],
    ...logging,
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

function compilePolicy(policy: Policy): ToolPolicy {
  const { maxCallsPerExecution } = policy;
  return {
    allowedTools: [...(policy.allowedTools ?? [])],
    allowedToolsRegex: [...(policy.allowedToolsRegex ?? [])],
    deniedTools: [...(policy.deniedTools ?? [])],
    deniedToolsRegex: [...(policy.deniedToolsRegex ?? [])],
    requireConfirmation: [...(policy.requireConfirmation ?? [])],
    ...(maxCallsPerExecution === undefined ? {} : { maxCallsPerExecution }),
    rateLimits: (policy.rateLimits ?? []).map((limit) => ({
      tools: [...(limit.tools ?? [])],
      toolsRegex: [...(limit.toolsRegex ?? [])],
    })),
  };
}
