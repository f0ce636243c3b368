/**
 * What one agent may do at one concrete destination: through which gateway, in which protocol, which calls, with which
 * credential and budget. It asks the gateway's own function for the destination and the gateway's own table for the
 * listener, and must never say less than the gateway would allow.
 */
import {
  chooseListener,
  computeAction,
  decideDestination,
  shapeOf,
  type DestinationPolicy,
} from '../../contract/index.ts';
import { credentialsAt } from './credential.ts';
import type { ReachAgent } from './documents.ts';
import { deniesAll, governingRoutes } from './mcp.ts';
import {
  pinsFor,
  type Access,
  type Clause,
  type Outcome,
  type ReachDestination,
  type ReachProtocol,
  type Site,
} from './outcome.ts';
import { deniedClauses, providerClauses } from './provider-clause.ts';

function isOpen(policy: DestinationPolicy, agent: string, destination: ReachDestination): boolean {
  return decideDestination(policy, { agent, ...destination }).open;
}

/** The outcome of a call that goes where the agent sent it, by no rule. */
function plainOutcome(site: Site): Outcome[] {
  const { hostname, port } = site.destination;
  const pins = pinsFor(site, hostname, port);
  const credentials = credentialsAt(site, { hostname, tls: site.tls }, undefined);
  return pins === undefined || credentials === undefined ? [] : [{ ...pins, ...credentials, budgets: [] }];
}

interface Openness {
  /** To calls no rule takes. */
  readonly otherwise: boolean;
  /** To bytes nobody reads. */
  readonly unreadable: boolean;
}

function inspected(site: Site, { otherwise, unreadable }: Openness): Access | undefined {
  const { hostname } = site.destination;
  const routes = governingRoutes(site);
  if (routes.some((route) => deniesAll(route, hostname))) return undefined;
  const clauses = [...deniedClauses(site), ...(hostname === undefined ? [] : providerClauses(site))];
  const access = accessOf(site, site.tls ? 'HTTPS' : 'HTTP', clauses, otherwise ? plainOutcome(site) : []);
  if (access === undefined || routes.length === 0) return access;
  const othersPass = unreadable && routes.every(({ denial }) => denial !== undefined);
  return { ...access, mcp: { routes, othersPass } };
}

/** Bytes nobody reads carry no credential and no budget. */
function unread(site: Site, protocol: ReachProtocol, otherwise: boolean): Access | undefined {
  // They go to no host of which some calls are denied or judged.
  if (deniedClauses(site).length > 0 || governingRoutes(site).length > 0) return undefined;
  const pins = pinsFor(site, site.destination.hostname, site.destination.port);
  return accessOf(
    site,
    protocol,
    [],
    otherwise && pins !== undefined ? [{ ...pins, credentials: [], budgets: [] }] : [],
  );
}

function accessOf(
  site: Site,
  protocol: ReachProtocol,
  clauses: readonly Clause[],
  otherwise: readonly Outcome[],
): Access | undefined {
  if (otherwise.length === 0 && clauses.every(({ outcomes }) => outcomes.length === 0)) return undefined;
  const route = site.route === undefined ? {} : { route: site.route };
  return { protocol, gateway: site.gateway.id, ...route, clauses, otherwise };
}

/** Everything the agent may do there; empty: nothing. */
export function accessesAt(agent: ReachAgent, destination: ReachDestination): Access[] {
  const gateway = agent.gateways.find((each) => isOpen(each.destinations, agent.id, destination));
  const listener = gateway && chooseListener(gateway.document.listeners, destination.port);
  if (gateway === undefined || listener === undefined) return [];
  const verdict = decideDestination(gateway.document.destinations, { agent: agent.id, ...destination });
  if (!verdict.open) return [];
  const shape = shapeOf(listener);
  // Calls no rule takes go where anything but AIProviderRoutes opened the host; bytes nobody reads where an L4 route or
  // the default did.
  const otherwise = isOpen(gateway.withoutProviders, agent.id, destination);
  const unreadable = isOpen(gateway.byAddressOnly, agent.id, destination);
  const site = { agent: agent.id, gateway, destination, route: verdict.rule?.route };
  const accesses = [
    computeAction(shape, 'tls') === 'terminate'
      ? inspected({ ...site, tls: true }, { otherwise, unreadable })
      : undefined,
    computeAction(shape, 'tls') === 'passthrough'
      ? unread({ ...site, tls: true }, 'TLS', unreadable)
      : undefined,
    computeAction(shape, 'http1') === 'http'
      ? inspected({ ...site, tls: false }, { otherwise, unreadable })
      : undefined,
    computeAction(shape, 'raw') === 'relay' ? unread({ ...site, tls: false }, 'TCP', unreadable) : undefined,
  ];
  return accesses.filter((access) => access !== undefined);
}
