/**
 * Where an EgressL4Route sends what it opens: to the place of a Backend, and nothing but that changes. The name the agent asked for is
 * the only one that anybody speaks to or verifies there (S16). Pure.
 */
import {
  parseHostname,
  parseIp,
  type DestinationRule,
  type DestinationVerdict,
  type RouteBackend,
} from '../contract/index.ts';
import { denyAnswer, refuse, type DialPlace, type Refusal, type Site, type UpstreamTarget } from './call.ts';
import { denialsAt } from './denial.ts';
import type { PolicyIndex } from './policy-index.ts';
import { judgeBackend, type Way } from './provider-clause.ts';
import { chooseByWeight } from './way-choice.ts';

export type L4Target = Pick<Way, 'backend' | 'target' | 'isForeign'>;

/** undefined: its host is neither a name nor an address. */
function placeOf({ host, port }: RouteBackend): DialPlace | undefined {
  const hostname = parseHostname(host);
  if (hostname !== undefined) return { hostname, ip: undefined, port };
  return parseIp(host) === undefined ? undefined : { hostname: undefined, ip: host, port };
}

/** Of the rule that opens the site; undefined: nothing but the default does. */
export function l4Targets(rule: DestinationRule | undefined, site: Site): L4Target[] {
  const { hostname, ip, port, tls } = site;
  const target = (): UpstreamTarget => ({ hostname, ip, port, tls });
  if (rule?.backends === undefined) return [{ backend: undefined, target: target(), isForeign: false }];
  return rule.backends.flatMap((backend): L4Target[] => {
    const via = placeOf(backend);
    if (backend.weight === 0 || via === undefined) return [];
    return [{ backend, target: { ...target(), via }, isForeign: false }];
  });
}

/** One way of bytes nobody reads. */
export interface RelayWay extends L4Target {
  /** No bytes go this way. */
  readonly refusal: Refusal | undefined;
}

/** Bytes nobody reads go to no place of which some calls are denied or judged, whatever name they are for. */
export function relayWays(index: PolicyIndex, site: Site, opened: DestinationVerdict): RelayWay[] {
  return l4Targets(opened.open ? opened.rule : undefined, site).map((to) => {
    const { via } = to.target;
    if (via === undefined) return { ...to, refusal: undefined };
    const there: Site = { ...via, agent: site.agent, tls: false };
    const [denial] = denialsAt(index, there);
    const refusal = judgeBackend(index, there) ?? (denial && denyAnswer(denial.answer));
    return { ...to, refusal };
  });
}

const nowhere: RelayWay = {
  ...{ backend: undefined, isForeign: false },
  target: { hostname: undefined, ip: undefined, port: 0, tls: false },
  refusal: refuse(503, 'policy', 'no Backend of this EgressL4Route takes connections'),
};

/** The same for all connections of an invocation. */
export function chooseRelay(ways: readonly RelayWay[], invocationId: string): RelayWay {
  return chooseByWeight(ways, invocationId) ?? nowhere;
}
