/** What persons are asked about one call: by the rule of an MCPRoute, and by the rule that says where it goes. Pure. */
import { askOfCall, askOfTool, type Ask } from './approval.ts';
import type { Call, Site } from './call.ts';
import type { AskedTool } from './mcp/judge.ts';
import type { RouteClause } from './provider-clause.ts';

export interface AskingCall {
  readonly call: Call;
  readonly clause: RouteClause | undefined;
  readonly model: string | undefined;
}

/** One after the other, in this order. */
export function asksOf(
  site: Site,
  { call, clause, model }: AskingCall,
  mcp: { readonly asked?: AskedTool } | undefined,
): Ask[] {
  const asked = mcp?.asked;
  return [
    ...(asked === undefined
      ? []
      : [askOfTool({ site, call, route: { kind: 'MCPRoute', ...asked.route } }, asked.message)]),
    ...(clause?.asksPerson === true ? [askOfCall({ site, call, route: clause.route }, model)] : []),
  ];
}
