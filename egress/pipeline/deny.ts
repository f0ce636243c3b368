/**
 * EgressDenyPolicies: what their target routes name is refused, whoever opened it. Pure. A call that may be denied and
 * cannot be read is denied; where a call is sent instead (a Backend) is judged like where it was sent.
 */
import {
  denialOf,
  providerOfHost,
  type DenyAnswer,
  type GatewayConfig,
  type ProviderBackend,
  type ProviderDenial,
} from '../../contract/index.ts';
import { refuse, type Call, type Peer, type Refusal } from './call.ts';
import { matchesGlob } from './glob.ts';
import { governingRoutes } from './mcp-host.ts';
import { matchRule, type MatchResult } from './provider-match.ts';
import type { NeedModel, Route } from './route.ts';

export function denyAnswer(answer: DenyAnswer): Refusal {
  const { namespace, name } = answer.policy;
  const message = answer.message ?? 'an EgressDenyPolicy denies this call';
  return { ...refuse(answer.status, 'deny_policy', message), policy: `${namespace}/${name}` };
}

function matchDenial(denial: ProviderDenial, call: Call): MatchResult {
  const results = denial.rules.map((rule) => matchRule(rule, call, 'deny'));
  if (results.includes('yes')) return 'yes';
  return results.includes('unknown') ? 'unknown' : 'no';
}

/** `modelFinal`: a model that is not known now never will be. */
export function judgeCall(
  config: GatewayConfig,
  call: Call,
  modelFinal: boolean,
): NeedModel | Refusal | undefined {
  const results = (config.providerDenials ?? []).map((denial) => ({
    denial,
    result: matchDenial(denial, call),
  }));
  const hit = results.find(({ result }) => result === 'yes' || (modelFinal && result === 'unknown'));
  if (hit !== undefined) return denyAnswer(hit.denial.answer);
  return results.some(({ result }) => result === 'unknown') ? { kind: 'need-model' } : undefined;
}

/** The same for the Backend a call is sent to instead. */
export function judgeBackend(config: GatewayConfig, call: Call, route: Route): Refusal | undefined {
  const { target, backend } = route;
  const { hostname, port } = target;
  if (backend === undefined || hostname === undefined || isWhereItWasSent(route, call)) return undefined;
  const denial = denialOf(config.destinations, { agent: call.peer.agentId, hostname, port });
  if (denial !== undefined) {
    const message = 'an EgressDenyPolicy denies the Backend of this route';
    return { ...refuse(403, 'deny_policy', message), policy: denial.policy };
  }
  const sent: Call = {
    ...call,
    peer: { ...call.peer, hostname, port },
    provider: providerOfHost(hostname),
    model: rewritten(backend, call.model),
  };
  const verdict = judgeCall(config, sent, true);
  return verdict?.kind === 'refuse' ? verdict : undefined;
}

function rewritten(backend: ProviderBackend, model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  return backend.modelRewrites.find(({ from }) => matchesGlob(from, model))?.to ?? model;
}

function isWhereItWasSent({ target, backend }: Route, { peer }: Call): boolean {
  const same = target.hostname === peer.hostname && target.port === peer.port;
  return same && backend?.modelRewrites.length === 0;
}

/** Bytes nobody reads cannot be told apart, so they go to no host of which some calls are denied or judged. */
export function judgeRelay(config: GatewayConfig, peer: Peer): Refusal | undefined {
  const denial = (config.providerDenials ?? []).find((each) => mayReach(each, peer));
  if (denial !== undefined) return denyAnswer(denial.answer);
  if (governingRoutes(config, peer.hostname).length === 0) return undefined;
  return refuse(403, 'protocol', 'an MCPRoute governs this host: its calls must be readable');
}

function mayReach(denial: ProviderDenial, { hostname, port }: Peer): boolean {
  const provider = hostname === undefined ? undefined : providerOfHost(hostname);
  return denial.rules.some((rule) =>
    rule.matches.some(
      (match) =>
        match.provider === provider ||
        (match.provider === 'custom' && provider === undefined) ||
        rule.backends.some((backend) => backend.host === hostname && backend.port === port),
    ),
  );
}
