/** EgressDenyPolicies of EgressHTTPRoutes as they stand at a destination. Pure. */
import { decideDestination, type DenyAnswer } from '../contract/index.ts';
import type { Clause } from './clause.ts';
import type { Site } from './call.ts';
import type { PolicyIndex } from './policy-index.ts';
import { httpClauseOf } from './http-route.ts';

export function httpDenialsAt(
  index: PolicyIndex,
  { hostname, port, agent, ...site }: Site,
): Array<Clause & { readonly answer: DenyAnswer }> {
  if (hostname === undefined) return [];
  return index.httpRoutes.flatMap(({ rules, denial }) => {
    if (denial === undefined || !decideDestination(denial.at, { agent, hostname, port }).open) return [];
    const { answer } = denial;
    return rules.map(({ matches }) => ({
      ...httpClauseOf({ hostname, port, agent, ...site }, matches, 'deny'),
      answer,
    }));
  });
}
