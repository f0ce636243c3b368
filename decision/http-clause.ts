/**
 * The rules of EgressHTTPRoutes as they stand at one destination: which calls each takes, and with which secret. They add to
 * what is open: where no rule of any route takes a call, it is refused unless a route of another kind opens the host. Pure.
 */
import type { Site } from './call.ts';
import type { PolicyIndex } from './policy-index.ts';
import { coursesOf, wayOf, type ClauseOrigin, type RouteClause } from './provider-clause.ts';
import { httpClauseOf } from './http-route.ts';

/** In the order of the routes and their rules. */
export function httpClauses(index: PolicyIndex, site: Site, { opener, mcp }: ClauseOrigin): RouteClause[] {
  const { hostname, ip, port, agent, tls } = site;
  if (hostname === undefined) return [];
  return index.httpRoutes.flatMap(({ route, rules, denial }) => {
    // What another route opened is not this route's to let through or to key (S39).
    if (denial !== undefined || !index.opens(route, { agent, hostname, port })) return [];
    return rules.map(({ matches, limit, logging, callLimits, asksPerson, headers }): RouteClause => ({
      ...httpClauseOf(site, matches, 'allow'),
      ...{ route, limit, logging, callLimits, asksPerson, headers, budget: undefined, fallback: undefined },
      // Of its own for each rule: who asks which rule took a call is told by the way.
      ways: [
        wayOf(
          index,
          { site, opener, route },
          { backend: undefined, target: { hostname, ip, port, tls }, isForeign: false },
        ),
      ],
      courses: coursesOf(index, site, { mcp, opener }),
    }));
  });
}
