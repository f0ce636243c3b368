/**
 * The part of a gateway's config about MCP servers: which hosts are governed, which of their tools may be called. Apart
 * from gateway-config.ts because an MCPRoute is a document of its own size. Lists are empty where nothing was set.
 */
import { Type, type Static } from 'typebox';
import {
  backendSchema,
  callLimitSchema,
  denyAnswerSchema,
  loggingRuleSchema,
  objectRefSchema,
} from './config-parts.ts';

const strings = Type.Array(Type.String());

const mcpMatchSchema = Type.Object({
  /** Hostname patterns. */
  servers: strings,
  /** Globs and patterns of tool names: either fits. */
  tools: strings,
  toolsRegex: strings,
  resources: strings,
  methods: strings,
});

/** `Other`: every request that is none of the others, and no sign of life. */
const serverRequestSchema = Type.Union([
  Type.Literal('Sampling'),
  Type.Literal('Elicitation'),
  Type.Literal('Roots'),
  Type.Literal('Other'),
]);

const argumentRuleSchema = Type.Object({
  /** Both empty: every tool. */
  tools: strings,
  toolsRegex: strings,
  /** `Allow`: a call passes only where the expression holds; `Deny`: only where it does not. */
  action: Type.Union([Type.Literal('Allow'), Type.Literal('Deny')]),
  /** CEL over `arguments`. Without an answer a call is refused. */
  expression: Type.String(),
});

const toolPolicySchema = Type.Object({
  allowedTools: strings,
  allowedToolsRegex: strings,
  deniedTools: strings,
  deniedToolsRegex: strings,
  requireConfirmation: strings,
  /** All that are about a tool must let its call pass. Absent: none. */
  argumentRules: Type.Optional(Type.Array(argumentRuleSchema)),
  maxCallsPerExecution: Type.Optional(Type.Integer({ minimum: 1 })),
  /** What that is counted under. Absent beside it: compiled by an operator that could not count; its tools are refused. */
  account: Type.Optional(Type.String()),
  rateLimits: Type.Array(
    Type.Object({
      /** Both empty: every tool. */
      tools: strings,
      toolsRegex: strings,
      /** Absent: compiled by an operator that could not count; the tools are refused. */
      limit: Type.Optional(callLimitSchema),
    }),
  ),
});

const mcpRuleSchema = Type.Object({
  /** Any match selects the rule; a match with empty lists is every call. */
  matches: Type.Array(mcpMatchSchema),
  /** All of them must allow a call. */
  toolPolicies: Type.Array(toolPolicySchema),
  /** What the rule asks for and no gateway carries out: its calls are refused. */
  unsupported: strings,
  /** Where its calls go, one by weight. Absent: where the agent sent them; empty: nowhere. */
  backends: Type.Optional(Type.Array(backendSchema)),
  logging: Type.Optional(loggingRuleSchema),
  /** RateLimitPolicies, of each message the rule takes. Absent: none. */
  limits: Type.Optional(Type.Array(callLimitSchema)),
});

export const mcpRouteSchema = Type.Object({
  route: objectRefSchema,
  /** Hostname patterns it governs. */
  hostnames: strings,
  /** Empty: every call passes. */
  rules: Type.Array(mcpRuleSchema),
  /** What its servers may not ask of the agent. Absent: nothing. */
  deniedServerRequests: Type.Optional(Type.Array(serverRequestSchema)),
  /** An EgressDenyPolicy denies what the rules name. */
  denial: Type.Optional(denyAnswerSchema),
});

export type ServerRequest = Static<typeof serverRequestSchema>;
export type McpRoute = Static<typeof mcpRouteSchema>;
export type McpRule = Static<typeof mcpRuleSchema>;
export type McpMatch = Static<typeof mcpMatchSchema>;
export type ArgumentRule = Static<typeof argumentRuleSchema>;
export type ToolPolicy = Static<typeof toolPolicySchema>;
