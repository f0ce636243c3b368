/**
 * EgressDenyPolicies of AIProviderRoutes and EgressHTTPRoutes as they stand at a destination: what their target routes name is refused there,
 * whoever opened it. Pure.
 */
import type { DenyAnswer } from '../contract/index.ts';
import type { Site } from './call.ts';
import type { Clause } from './clause.ts';
import { httpDenialsAt } from './http-denial.ts';
import type { PolicyIndex } from './policy-index.ts';
import { clauseOf } from './rule-scope.ts';

/** Calls an EgressDenyPolicy refuses. */
export interface DenialClause extends Clause {
  readonly answer: DenyAnswer;
}

export function denialsAt(index: PolicyIndex, site: Site): DenialClause[] {
  const ofProviders = (index.policy.providerDenials ?? []).flatMap(({ rules, answer }) =>
    rules.flatMap((rule) => {
      const clause = clauseOf(rule, site, 'deny');
      return clause === undefined ? [] : [{ ...clause, answer }];
    }),
  );
  return [...ofProviders, ...httpDenialsAt(index, site)];
}
