/**
 * The rules of AIProviderRoutes as they stand for one host and port: which calls each takes, and where they go. Rules
 * that cannot concern the host are left out, so that what remains is what a person has to read.
 */
import {
  denialOf,
  parseHostname,
  providerOfHost,
  refusedToday,
  type Hostname,
  type ProviderBackend,
  type ProviderRoute,
  type ProviderRule,
} from '../../contract/index.ts';
import {
  pinsFor,
  type BackendDenial,
  type Budget,
  type CallMatch,
  type Clause,
  type Outcome,
  type Site,
} from './outcome.ts';
import { credentialsAt } from './credential.ts';

type RuleMatch = ProviderRule['matches'][number];

function concerns(match: RuleMatch, rule: ProviderRule, { destination }: Site): boolean {
  const { hostname, port } = destination;
  const provider = hostname === undefined ? undefined : providerOfHost(hostname);
  if (match.provider === provider) return true;
  if (rule.backends.some((backend) => backend.host === hostname && backend.port === port)) return true;
  return match.provider === 'custom' && provider === undefined;
}

/** Each backend a call may be sent to; undefined stands for the host the agent asked for. */
function targetsOf(rule: ProviderRule, { destination }: Site): ReadonlyArray<ProviderBackend | undefined> {
  const { hostname } = destination;
  const own = rule.backends.find(({ host }) => host === hostname);
  if (rule.backends.length === 0 || own !== undefined) return [own];
  const provider = hostname === undefined ? undefined : providerOfHost(hostname);
  const schema = provider ?? rule.matches[0]?.provider;
  return rule.backends.filter(
    (backend) => backend.weight > 0 && backend.schema === schema && parseHostname(backend.host) !== undefined,
  );
}

/** Undefined: a filter no gateway carries out, so calls of the rule are refused. */
function budgetsOf(rule: ProviderRule): readonly Budget[] | undefined {
  const budgets: Budget[] = [];
  for (const filter of rule.filters) {
    if (filter.type === 'Unsupported') return undefined;
    const { type: _type, ...limits } = filter;
    budgets.push(limits);
  }
  return budgets;
}

/** A Backend is judged like a host the agent dialled, by the denials of destinations. */
function isDenied({ agent, gateway }: Site, hostname: Hostname | undefined, port: number): boolean {
  const destination = hostname === undefined ? undefined : { agent, hostname, port };
  return destination === undefined || denialOf(gateway.document.destinations, destination) !== undefined;
}

/** Where a call is sent on, denials of calls are asked once more, as if the agent had called the Backend. */
function backendDenial(
  site: Site,
  backend: ProviderBackend | undefined,
  sentTo: { readonly hostname: Hostname | undefined; readonly port: number },
): BackendDenial | undefined {
  const { hostname, port } = sentTo;
  if (backend === undefined || hostname === undefined) return undefined;
  const { destination } = site;
  const same = hostname === destination.hostname && port === destination.port;
  const renames = backend.modelRewrites;
  if (same && renames.length === 0) return undefined;
  const matches = deniedClauses({ ...site, destination: { hostname, port } }).flatMap(
    (clause) => clause.matches,
  );
  return matches.length === 0 ? undefined : { matches, renames };
}

const takesEvery = ({ models, endpoints }: CallMatch): boolean =>
  models.length === 0 && endpoints.length === 0;

interface Leg extends Pick<Outcome, 'backend'> {
  readonly hostname: Hostname | undefined;
  readonly port: number;
  readonly tls: boolean;
}

/** Where a call goes: to its Backend, or to where the agent sent it. */
function legTo({ destination, tls }: Site, backend: ProviderBackend | undefined): Leg {
  const { hostname, port } = destination;
  if (backend === undefined || backend.host === hostname) return { hostname, port, tls };
  const { name, host } = backend;
  return {
    hostname: parseHostname(host),
    port: backend.port,
    tls: true,
    backend: { name, host, port: backend.port },
  };
}

/** One way of a rule's calls, without what they may cost; undefined: none of them gets there. */
function wayTo(
  site: Site,
  route: ProviderRoute['route'],
  backend: ProviderBackend | undefined,
): Omit<Outcome, 'budgets'> | undefined {
  const { hostname, port, tls, ...sentTo } = legTo(site, backend);
  if (sentTo.backend !== undefined && isDenied(site, hostname, port)) return undefined;
  const denied = backendDenial(site, backend, { hostname, port });
  if (denied?.matches.some(takesEvery) === true) return undefined;
  const pins = pinsFor(site, hostname, port);
  const credentials = credentialsAt(site, { hostname, tls }, { route, backend });
  if (pins === undefined || credentials === undefined) return undefined;
  return { ...sentTo, ...pins, ...credentials, ...(denied === undefined ? {} : { denied }) };
}

function outcomesOf(site: Site, route: ProviderRoute['route'], rule: ProviderRule): Outcome[] {
  const budgets = budgetsOf(rule);
  if (budgets === undefined) return [];
  const counted = budgets.length === 0 ? {} : { refused: refusedToday.TokenBudget };
  return targetsOf(rule, site).flatMap((backend) => {
    const way = wayTo(site, route, backend);
    return way === undefined ? [] : [{ ...way, budgets, ...counted }];
  });
}

/** The matches of a rule that can concern this host. */
function matchesOf(rule: ProviderRule, site: Site): Clause['matches'] {
  return rule.matches
    .filter((match) => concerns(match, rule, site))
    .map(({ models, endpoints }) => ({ models, endpoints }));
}

/** What EgressDenyPolicies take from the calls to this host, whoever opened it. */
export function deniedClauses(site: Site): Clause[] {
  return (site.gateway.document.providerDenials ?? []).flatMap(({ rules }) =>
    rules.flatMap((rule): Clause[] => {
      const matches = matchesOf(rule, site);
      return matches.length === 0 ? [] : [{ matches, denied: true, outcomes: [] }];
    }),
  );
}

/** In the order the gateway tries them. */
export function providerClauses(site: Site): Clause[] {
  return site.gateway.document.providerRoutes.flatMap(({ route, rules }) =>
    rules.flatMap((rule): Clause[] => {
      const matches = matchesOf(rule, site);
      return matches.length === 0 ? [] : [{ matches, outcomes: outcomesOf(site, route, rule) }];
    }),
  );
}
