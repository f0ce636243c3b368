/**
 * What worker and gateway really do with an attempt: their own functions, called in the order worker/egress and
 * egress/session call them. Every way a call may go is one line of text; none: refused.
 */
import {
  chooseListener,
  computeAction,
  parseHostname,
  shapeOf,
  type GatewayConfig,
  type Hostname,
} from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import { reserveBudget } from '../../../egress/pipeline/budget.ts';
import type { Peer } from '../../../egress/pipeline/call.ts';
import { computeInjection } from '../../../egress/pipeline/credential.ts';
import { judgeAnswers } from '../../../egress/pipeline/dial.ts';
import { judgeRelay } from '../../../egress/pipeline/deny.ts';
import { identify, isRefusal } from '../../../egress/pipeline/identify.ts';
import { judgeMcp } from '../../../egress/pipeline/mcp.ts';
import {
  openedOtherwise,
  routeCall,
  routePeer,
  type UpstreamTarget,
} from '../../../egress/pipeline/route.ts';
import type { ReachDocuments } from '../../../policy/reach/index.ts';
import { decideConnection } from '../../../worker/egress/egress-decision.ts';
import type { Attempt } from './random/attempt.ts';
import { renderWay } from './way.ts';

/** Enough of them that each backend is some invocation's: the weights of a rule add up to 6 at most. */
export const invocationIds = Array.from({ length: 64 }, (_, index) => `invocation-${index}`);

function pinnedTo(config: GatewayConfig, hostname: Hostname): string[] | undefined {
  const found = config.upstream.hostAliases.flatMap(({ ip, hostnames }) =>
    hostnames.filter((name) => parseHostname(name) === hostname).map(() => ip),
  );
  return found.length === 0 ? undefined : found;
}

/** The pins a dial would use; false: it is refused. */
function dial(config: GatewayConfig, agentId: string, target: UpstreamTarget): string[] | undefined | false {
  const { hostname, port } = target;
  const pinned = hostname === undefined ? undefined : pinnedTo(config, hostname);
  if (hostname === undefined || pinned === undefined) return undefined;
  const verdict = judgeAnswers(config.destinations, { agentId, hostname, port, pinned }, pinned);
  return verdict.kind === 'refused' ? false : pinned;
}

function bodyOf({ rpc }: Attempt): Buffer {
  if (rpc === undefined) return Buffer.alloc(0);
  const params = rpc.tool === undefined ? {} : { name: rpc.tool };
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: rpc.method, params }));
}

function tryCall(config: GatewayConfig, peer: Peer, attempt: Attempt): string | undefined {
  const tls = attempt.wire === 'tls';
  // The Host of an IPv6 literal is not what is tried here: sandboxes have no IPv6, and `identify` refuses it anyway.
  const plain = { ...peer, ip: peer.ip.includes(':') ? '192.0.2.1' : peer.ip };
  const host = `${peer.hostname ?? plain.ip}:${peer.port}`;
  const line = {
    method: 'POST',
    target: attempt.path,
    fields: [createField('Host', host), createField('Content-Type', 'application/json')],
  };
  const identified = identify(line, plain, tls);
  if (isRefusal(identified)) return undefined;
  const call = { ...identified, peer, model: attempt.model };
  const route = routeCall(config, call, true);
  if (route.kind !== 'route') return undefined;
  if (judgeMcp(config, call, bodyOf(attempt)).kind !== 'pass') return undefined;
  if (reserveBudget(route).kind === 'refuse') return undefined;
  const injection = computeInjection(config, call, route);
  const pinned = dial(config, peer.agentId, route.target);
  if (injection.kind === 'refuse' || pinned === false) return undefined;
  return renderWay({
    protocol: tls ? 'HTTPS' : 'HTTP',
    target: `${route.target.hostname ?? route.target.ip ?? ''}:${route.target.port}`,
    pinned,
    credentials: injection.policies,
    budgets: (route.provider?.rule.filters ?? []).map(({ type: _type, ...limits }) => limits),
  });
}

function relayed(config: GatewayConfig, peer: Peer, protocol: 'TLS' | 'TCP'): string | undefined {
  if (!openedOtherwise(config.destinations, peer) || judgeRelay(config, peer) !== undefined) return undefined;
  const { hostname, ip, port } = peer;
  const target = { hostname, ip: hostname === undefined ? ip : undefined, port, tls: false };
  const pinned = dial(config, peer.agentId, target);
  if (pinned === false) return undefined;
  return renderWay({ protocol, target: `${hostname ?? ip}:${port}`, pinned, credentials: [], budgets: [] });
}

function goThrough(config: GatewayConfig, peer: Peer, attempt: Attempt): string | undefined {
  if ('kind' in routePeer(config.destinations, peer)) return undefined;
  const listener = chooseListener(config.listeners, peer.port);
  if (listener === undefined) return undefined;
  const action = computeAction(shapeOf(listener), attempt.wire);
  if (action === 'refuse') return undefined;
  if (action === 'relay') return relayed(config, peer, 'TCP');
  return action === 'passthrough' ? relayed(config, peer, 'TLS') : tryCall(config, peer, attempt);
}

export function askGateway({ pools, gateways }: ReachDocuments, attempt: Attempt): string[] {
  const pool = pools[0]!;
  const agent = pool.agents.find(({ name }) => `TaskAgent/d/${name}` === attempt.agent)!;
  const hostname = attempt.hostname === undefined ? undefined : parseHostname(attempt.hostname);
  const open = decideConnection(
    agent.gateways.flatMap((id) => pool.gateways.filter((gateway) => gateway.id === id)),
    attempt.agent,
    { ip: attempt.ip, port: attempt.port, hostname },
  );
  if (!open.open) return [];
  const document = gateways.find(({ gateway }) => `d/${gateway.name}` === open.gateway.id)!;
  const ways = invocationIds.map((invocationId) => {
    const { ip, port } = attempt;
    const { namespace, name } = agent;
    const peer: Peer = {
      ...{ agent: { kind: 'TaskAgent', namespace, name }, agentId: attempt.agent, uid: '', revision: '' },
      ...{ invocationId, traceparent: undefined, hostname, ip, port },
    };
    return goThrough({ ...document, digest: '' }, peer, attempt);
  });
  return [...new Set(ways.filter((way) => way !== undefined))].sort();
}
