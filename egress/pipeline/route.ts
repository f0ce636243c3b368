/**
 * Stage 2: is the destination open, which AIProviderRoute rule takes the call, where does it go. Pure. A provider host
 * that only AIProviderRoutes opened is closed to every call that none of their rules takes.
 */
import {
  decideDestination,
  type DestinationPolicy,
  type DestinationRule,
  type GatewayConfig,
  type Hostname,
  type LoggingRule,
  parseHostname,
  type ProviderBackend,
  type ProviderRoute,
  type ProviderRule,
} from '../../contract/index.ts';
import { refuse, type Call, type Peer, type Refusal } from './call.ts';
import { judgeBackend, judgeCall } from './deny.ts';
import { matchRule } from './provider-match.ts';

/** Where the call is sent. */
export interface UpstreamTarget {
  readonly hostname: Hostname | undefined;
  /** Only for an IP literal. */
  readonly ip: string | undefined;
  readonly port: number;
  readonly tls: boolean;
}

export interface Route {
  readonly kind: 'route';
  /** `Kind/ns/name` that opened it; undefined: the gateway's allow-all. */
  readonly opener: string | undefined;
  readonly provider: { readonly route: ProviderRoute['route']; readonly rule: ProviderRule } | undefined;
  readonly backend: ProviderBackend | undefined;
  readonly target: UpstreamTarget;
  /** LoggingPolicies of the rule that took the call, else of the rule that opened the destination. */
  readonly logging?: LoggingRule | undefined;
}

/** The decision needs the model, which is in a body not yet read. */
export interface NeedModel {
  readonly kind: 'need-model';
}

type PeerVerdict = { readonly rule: DestinationRule | undefined } | Refusal;

/** A connection asks once, its calls twice each; neither the policy nor the peer ever changes. */
const verdicts = new WeakMap<DestinationPolicy, WeakMap<Peer, PeerVerdict>>();

/** Is the connection's destination open at all? Asked before a byte is answered. */
export function routePeer(policy: DestinationPolicy, peer: Peer): PeerVerdict {
  let ofPolicy = verdicts.get(policy);
  if (ofPolicy === undefined) {
    ofPolicy = new WeakMap();
    verdicts.set(policy, ofPolicy);
  }
  const known = ofPolicy.get(peer);
  if (known !== undefined) return known;
  const verdict = judgePeer(policy, peer);
  ofPolicy.set(peer, verdict);
  return verdict;
}

function judgePeer(policy: DestinationPolicy, peer: Peer): PeerVerdict {
  const verdict = decideDestination(policy, {
    agent: peer.agentId,
    port: peer.port,
    ...(peer.hostname === undefined ? { ip: peer.ip } : { hostname: peer.hostname }),
  });
  if (verdict.open) return { rule: verdict.rule };
  if (verdict.denial !== undefined) {
    const message = 'an EgressDenyPolicy denies this destination';
    return { ...refuse(403, 'deny_policy', message), policy: verdict.denial.policy };
  }
  return refuse(403, verdict.reason, 'no route of the egress gateway opens this destination');
}

type RuleChoice = { route: ProviderRoute['route']; rule: ProviderRule } | 'need-model' | undefined;

function chooseRule(routes: readonly ProviderRoute[], call: Call): RuleChoice {
  for (const route of routes) {
    for (const rule of route.rules) {
      const result = matchRule(rule, call);
      if (result === 'yes') return { route: route.route, rule };
      if (result === 'unknown') return 'need-model';
    }
  }
  return undefined;
}

/** FNV-1a: the same invocation keeps its backend (the reference's sticky weights). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

/** A backend of the provider's own schema by weight; undefined: none fits (translation comes later). */
export function chooseBackend(
  rule: ProviderRule,
  schema: string | undefined,
  key: string,
): ProviderBackend | undefined {
  const fitting = rule.backends.filter((backend) => backend.weight > 0 && backend.schema === schema);
  const total = fitting.reduce((sum, backend) => sum + backend.weight, 0);
  let point = total === 0 ? 0 : hash(key) % total;
  return fitting.find((backend) => {
    point -= backend.weight;
    return point < 0;
  });
}

function routeTo(
  opener: DestinationRule | undefined,
  choice: Exclude<RuleChoice, string | undefined>,
  to: Pick<Route, 'backend' | 'target'>,
): Route {
  // Written out: V8 builds an object from a spread many times slower.
  return {
    kind: 'route',
    opener: opener?.route,
    provider: choice,
    backend: to.backend,
    target: to.target,
    logging: choice.rule.logging ?? opener?.logging,
  };
}

function withBackend(
  opener: DestinationRule | undefined,
  choice: Exclude<RuleChoice, string | undefined>,
  call: Call,
): Route | Refusal {
  const { rule } = choice;
  const own = { hostname: call.peer.hostname, ip: undefined, port: call.peer.port, tls: call.tls };
  if (rule.backends.length === 0 || rule.backends.some(({ host }) => host === call.peer.hostname)) {
    const backend = rule.backends.find(({ host }) => host === call.peer.hostname);
    return routeTo(opener, choice, { backend, target: own });
  }
  const schema = call.provider ?? rule.matches[0]?.provider;
  const backend = chooseBackend(rule, schema, call.peer.invocationId);
  const hostname = backend === undefined ? undefined : parseHostname(backend.host);
  if (backend === undefined || hostname === undefined) {
    return refuse(503, 'policy', 'no Backend of this route speaks the API of the called provider');
  }
  return routeTo(opener, choice, {
    backend,
    target: { hostname, ip: undefined, port: backend.port, tls: true },
  });
}

/** `modelFinal`: the body has been read, so an unknown model stays unknown. */
export function routeCall(
  config: GatewayConfig,
  call: Call,
  modelFinal: boolean,
): Route | NeedModel | Refusal {
  const open = routePeer(config.destinations, call.peer);
  if ('kind' in open) return open;
  const denied = judgeCall(config, call, modelFinal);
  if (denied !== undefined) return denied;
  const choice = call.peer.hostname === undefined ? undefined : chooseRule(config.providerRoutes, call);
  if (choice === 'need-model') {
    return modelFinal ? withoutRule(config, open.rule, call, true) : { kind: 'need-model' };
  }
  if (choice === undefined) return withoutRule(config, open.rule, call, false);
  const route = withBackend(open.rule, choice, call);
  return route.kind === 'refuse' ? route : (judgeBackend(config, call, route) ?? route);
}

/** No rule takes it: only where something other than AIProviderRoutes opened the host may it go. */
function withoutRule(
  config: GatewayConfig,
  opener: DestinationRule | undefined,
  call: Call,
  modelMissing: boolean,
): Route | Refusal {
  const onlyByRoutes =
    opener?.route.startsWith('AIProviderRoute/') === true &&
    !openedBeside(config.destinations, call.peer, ['AIProviderRoute/']);
  return onlyByRoutes ? denial(call, modelMissing) : withoutProvider(opener, call);
}

function withoutProvider(opener: DestinationRule | undefined, call: Call): Route {
  const { hostname, ip, port } = call.peer;
  const target = { hostname, ip: hostname === undefined ? ip : undefined, port, tls: call.tls };
  return {
    kind: 'route',
    opener: opener?.route,
    provider: undefined,
    backend: undefined,
    target,
    logging: opener?.logging,
  };
}

function denial(call: Call, modelMissing: boolean): Refusal {
  const { model } = call;
  const what = model === undefined ? `${call.method} ${call.path}` : `the model "${model.slice(0, 100)}"`;
  const message = `no AIProviderRoute of the egress gateway allows ${what} on this host`;
  return refuse(403, modelMissing || model !== undefined ? 'model' : 'policy', message);
}

/** Does an L4 route, or the gateway's default, open it for bytes nobody reads? */
export function openedOtherwise(policy: DestinationPolicy, peer: Peer): boolean {
  return openedBeside(policy, peer, ['AIProviderRoute/', 'MCPRoute/']);
}

function openedBeside(policy: DestinationPolicy, peer: Peer, kinds: readonly string[]): boolean {
  const rules = policy.rules.filter((rule) => !kinds.some((kind) => rule.route.startsWith(kind)));
  return !('kind' in routePeer({ ...policy, rules }, peer));
}
