/** What persons are asked about one call: by the rule of an MCPRoute, and by the rule that says where it goes or, at a place no
 * route opens, by the gateway. Pure. */
import { askOfCall, askOfTool, refuseAsk, type Ask, type AskingRule } from './approval.ts';
import type { Call, Site } from './call.ts';
import type { Decision } from './decision.ts';
import type { AskedTool } from './mcp/judge.ts';
import type { RouteClause } from './provider-clause.ts';

export interface AskingCall {
  readonly call: Call;
  readonly clause: RouteClause | undefined;
  readonly model: string | undefined;
  /** The gateway, where no route opens the site. */
  readonly asking: AskingRule | undefined;
}

/** A rule that takes the call speaks for it, the gateway about what none takes. */
function askedBy({ clause, asking }: AskingCall): AskingRule | undefined {
  if (clause === undefined) return asking;
  return clause.asksPerson ? clause.route : undefined;
}

/** One after the other, in this order. */
export function asksOf(
  site: Site,
  asking: AskingCall,
  mcp: { readonly asked?: AskedTool } | undefined,
): Ask[] {
  const { call, model } = asking;
  const asked = mcp?.asked;
  const route = askedBy(asking);
  return [
    ...(asked === undefined
      ? []
      : [askOfTool({ site, call, route: { kind: 'MCPRoute', ...asked.route } }, asked.message)]),
    ...(route === undefined ? [] : [askOfCall({ site, call, route }, model)]),
  ];
}

/** Nobody is asked about a call that would be refused anyway. */
export function judgeAsks(asks: readonly Ask[], call: Call, decision: Decision): Decision {
  if (decision.kind !== 'allow' || asks.length === 0) return decision;
  const { route, schema, operation, model, mcp: judged, logging } = decision;
  const common = { route, schema, operation, model, mcp: judged, logging };
  const denied = asks.find(({ key }) => call.approvals.get(key) === 'Deny');
  if (denied !== undefined) {
    const refusal = refuseAsk(denied, 'denied', 'a person denied this call');
    const mcp = common.mcp && { ...common.mcp, decision: 'deny' as const };
    return { ...common, mcp, kind: 'refuse', refusal };
  }
  const open = asks.find(({ key }) => call.approvals.get(key) !== 'Allow');
  return open === undefined ? decision : { ...common, kind: 'ask', ask: open, allowed: decision };
}
