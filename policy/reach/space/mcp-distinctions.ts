/** What the rules about MCP's messages at a destination tell calls apart by. Pure. */
import type { OpenPlan } from '../../../decision/index.ts';

export interface McpDistinctions {
  readonly tools: readonly string[];
  readonly toolsRegex: readonly string[];
  readonly resources: readonly string[];
  readonly methods: readonly string[];
}

export function mcpDistinctions({ mcp }: OpenPlan): McpDistinctions | undefined {
  if (mcp === undefined) return undefined;
  const rules = mcp.routes.flatMap((route) => route.rules);
  const matches = rules.flatMap((rule) => rule.matches);
  const policies = rules.flatMap((rule) => rule.toolPolicies);
  const limits = policies.flatMap(({ rateLimits, argumentRules = [] }) => [...rateLimits, ...argumentRules]);
  return {
    tools: [
      ...[...matches, ...limits].flatMap(({ tools }) => tools),
      ...policies.flatMap((policy) => [
        ...policy.allowedTools,
        ...policy.deniedTools,
        ...policy.requireConfirmation,
      ]),
    ],
    toolsRegex: [
      ...[...matches, ...limits].flatMap(({ toolsRegex }) => toolsRegex),
      ...policies.flatMap((policy) => [...policy.allowedToolsRegex, ...policy.deniedToolsRegex]),
    ],
    resources: matches.flatMap(({ resources }) => resources),
    methods: matches.flatMap(({ methods }) => methods),
  };
}
