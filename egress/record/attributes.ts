/** Attributes of a record as plain data, and those of an MCP call. Apart from the record so that each stays readable. */
import { attribute } from '../../contract/index.ts';
import type { McpFacts } from '../pipeline/mcp.ts';

export type Attributes = Record<string, string | number | boolean | string[]>;

/** Drops what is undefined: an attribute that is not known is absent. */
export function defined(all: Record<string, Attributes[string] | undefined>): Attributes {
  const attributes: Attributes = {};
  for (const key in all) {
    const value = all[key];
    if (value !== undefined) attributes[key] = value;
  }
  return attributes;
}

export function mcpAttributes(mcp: McpFacts | undefined): Attributes {
  if (mcp === undefined) return {};
  return defined({
    [attribute.mcpMethod]: mcp.method,
    [attribute.mcpToolName]: mcp.tool,
    [attribute.mcpResourceUri]: mcp.resource,
    [attribute.mcpRequestId]: mcp.id,
    [attribute.mcpRouteMatched]: mcp.route !== undefined,
    [attribute.mcpRouteNamespace]: mcp.route?.namespace,
    [attribute.mcpRouteName]: mcp.route?.name,
    [attribute.toolPolicyDecision]: mcp.decision,
  });
}
