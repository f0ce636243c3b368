/**
 * Which rules of AIProviderRoutes are about a destination, and how calls to it are read. Pure. `custom` has no hosts of its
 * own: to allow, it names those of its Backends only.
 */
import { parseHostname, providerOfHost, type RouteBackend, type ProviderRule } from '../contract/index.ts';
import type { Site } from './call.ts';
import { compileMatch, type Clause, type Purpose } from './clause.ts';
import { operationTable } from './operation/index.ts';

/** Is the Backend where this name and port are? */
export function isAt(backend: RouteBackend, { hostname, port }: Site): boolean {
  return hostname !== undefined && parseHostname(backend.host) === hostname && backend.port === port;
}

type RuleMatch = ProviderRule['matches'][number];

function concerns(match: RuleMatch, rule: ProviderRule, site: Site, purpose: Purpose): boolean {
  const provider = site.hostname === undefined ? undefined : providerOfHost(site.hostname);
  if (match.provider === provider || rule.backends.some((backend) => isAt(backend, site))) return true;
  if (purpose === 'allow') return false;
  // Nobody knows where a missing Backend is: it may be here.
  if (rule.unresolved === true) return true;
  // A denial of `custom` without Backends names every host that is no provider's.
  return match.provider === 'custom' && provider === undefined && rule.backends.length === 0;
}

/** The API that calls to this site are read as: by its host, its Backend, or the first match that is about it. */
function schemaOf(rule: ProviderRule, site: Site, matches: readonly RuleMatch[]): string | undefined {
  const provider = site.hostname === undefined ? undefined : providerOfHost(site.hostname);
  return provider ?? rule.backends.find((each) => isAt(each, site))?.schema ?? matches[0]?.provider;
}

/** The rule as it stands at the site; undefined: it is not about it. */
export function clauseOf(rule: ProviderRule, site: Site, purpose: Purpose): Clause | undefined {
  const matches = rule.matches.filter((match) => concerns(match, rule, site, purpose));
  if (matches.length === 0) return undefined;
  const schema = schemaOf(rule, site, matches);
  return {
    purpose,
    matches: matches.map((match) => compileMatch(match, purpose)),
    http: [],
    schema,
    operations: operationTable(schema),
  };
}
