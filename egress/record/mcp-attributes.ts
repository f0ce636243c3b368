/** What a record says of a message to an MCP server and of what came back. Pure. */
import { attribute } from '../../contract/index.ts';
import type { McpFacts } from '../../decision/index.ts';
import type { AttributeSink } from './attribute-list.ts';

/** Of the server's answer, where it was read. */
export interface McpAnswerFacts {
  /** Entries of lists that the agent was not shown. */
  readonly hidden: number;
  /** What the server asked of the agent and may not. */
  readonly denied: number;
  /** Of its last error. */
  readonly errorCode: number | undefined;
}

export function putMcp(
  sink: AttributeSink,
  { mcp, mcpAnswer }: { readonly mcp: McpFacts | undefined; readonly mcpAnswer: McpAnswerFacts | undefined },
): void {
  if (mcp === undefined) return;
  sink.put(attribute.mcpMethod, mcp.method);
  sink.put(attribute.mcpToolName, mcp.tool);
  sink.put(attribute.mcpResourceUri, mcp.resource);
  sink.put(attribute.mcpRequestId, mcp.id);
  sink.put(attribute.mcpRouteMatched, mcp.route !== undefined);
  sink.put(attribute.mcpRouteNamespace, mcp.route?.namespace);
  sink.put(attribute.mcpRouteName, mcp.route?.name);
  sink.put(attribute.toolPolicyDecision, mcp.decision);
  sink.put(attribute.mcpErrorCode, mcpAnswer?.errorCode);
  const { hidden = 0, denied = 0 } = mcpAnswer ?? {};
  sink.put(attribute.mcpHidden, hidden > 0 ? hidden : undefined);
  sink.put(attribute.mcpDeniedRequests, denied > 0 ? denied : undefined);
}
