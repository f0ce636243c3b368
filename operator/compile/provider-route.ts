/** AIProviderRoute to the gateway's form, with Backends resolved. A reference that cannot be resolved is left out. */
import {
  budgetAccount,
  parseUsd,
  usualThresholds,
  type NanoUsd,
  type ProviderDenial,
  type ProviderRoute,
} from '../../contract/index.ts';
import { renderUntranslated, untranslated } from '../../decision/index.ts';
import type { AIProviderRoute, EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { denialAt } from './denial.ts';
import { gatewayId } from './name.ts';
import { fallbackAt } from './fallback.ts';
import { resolveBackend } from './route-backend.ts';
import { compileFilters } from './route-filter.ts';

type Rule = AIProviderRoute['spec']['rules'][number];
type Filter = NonNullable<Rule['filters']>[number];
type ProviderFilter = ProviderRoute['rules'][number]['filters'][number];

/** Why Backends of its rules get no call, each a sentence without its end. */
export function untranslatedBackends(world: World, route: AIProviderRoute): string[] {
  return route.spec.rules.flatMap(({ matches = [], backendRefs = [] }) => {
    const backends = backendRefs.map((ref) => resolveBackend(world, route, ref, 'api'));
    const resolved = backends.flatMap((each) => (each.resolved ? [each.backend] : []));
    return untranslated(matches, resolved).map(renderUntranslated);
  });
}

function unsupportedFilter(what: string): ProviderFilter {
  return { type: 'Unsupported', what };
}

/** What an EgressDenyPolicy denies of a route it targets; undefined: none does. */
export function compileProviderDenial(world: World, route: AIProviderRoute): ProviderDenial | undefined {
  const answer = denialAt(world, 'AIProviderRoute', route);
  if (answer === undefined) return undefined;
  const { namespace, name } = route.metadata;
  const rules = route.spec.rules.map((rule) => {
    const backends = (rule.backendRefs ?? []).map((ref) => resolveBackend(world, route, ref, 'api'));
    return {
      matches: compileMatches(rule),
      filters: [],
      backends: backends.flatMap((each) => (each.resolved ? [each.backend] : [])),
      ...(backends.every((each) => each.resolved) ? {} : { unresolved: true as const }),
    };
  });
  return { route: { namespace, name }, answer, rules };
}

function compileMatches(rule: Rule): ProviderRoute['rules'][number]['matches'] {
  return (rule.matches ?? []).map((match) => ({
    provider: match.provider,
    models: [...(match.models ?? [])],
    endpoints: [...(match.endpoints ?? [])],
  }));
}

export function compileProviderRoute(
  world: World,
  gateway: EgressGateway,
  route: AIProviderRoute,
): ProviderRoute {
  const { namespace, name } = route.metadata;
  const fallback = fallbackAt(world, route);
  const at = { ...route, kind: 'AIProviderRoute', gateway: gatewayId(gateway) };
  return {
    route: { namespace, name },
    ...(fallback === undefined ? {} : { fallback }),
    rules: route.spec.rules.flatMap((rule, place) => {
      const backends = (rule.backendRefs ?? []).map((ref) => resolveBackend(world, route, ref, 'api'));
      const resolved = backends.flatMap((each) => (each.resolved ? [each.backend] : []));
      // A rule whose every backend is missing must not fall back to the host the agent asked for.
      if (backends.length > 0 && resolved.length === 0) return [];
      const { unsupported, carried } = compileFilters(world, at, rule);
      return [
        {
          matches: compileMatches(rule),
          filters: [
            ...(rule.filters ?? []).flatMap((filter, index) =>
              tokenBudget(route, `${place}/${index}`, filter),
            ),
            ...unsupported.map(unsupportedFilter),
          ],
          ...(rule.approval === 'Required' ? { approval: true as const } : {}),
          ...carried,
          backends: resolved,
        },
      ];
    }),
  };
}

type Limits = Omit<Extract<ProviderFilter, { type: 'TokenBudget' }>, 'type' | 'account' | 'warnAt'>;

/** Without those that are not set. */
function given(limits: { readonly [K in keyof Limits]: Limits[K] | undefined }): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined)) as Limits;
}

function nanosOf(text: string | undefined): NanoUsd | 'unreadable' | undefined {
  return text === undefined ? undefined : (parseUsd(text) ?? 'unreadable');
}

function tokenBudget({ metadata }: AIProviderRoute, place: string, filter: Filter): ProviderFilter[] {
  if (filter.type !== 'TokenBudget' || filter.tokenBudget === undefined) return [];
  const { budgetRef, maxTokensPerDay, maxTokensPerExecution, maxOutputTokensPerRequest } = filter.tokenBudget;
  const { maxCostPerDay, maxCostPerExecution, warnAt } = filter.tokenBudget;
  const [perDay, perExecution] = [nanosOf(maxCostPerDay), nanosOf(maxCostPerExecution)];
  if (perDay === 'unreadable' || perExecution === 'unreadable') {
    return [unsupportedFilter('an amount of its TokenBudget is none of US dollars, such as 12.50')];
  }
  const limits = given({
    ...{ maxTokensPerDay, maxTokensPerExecution, maxOutputTokensPerRequest },
    ...{ maxNanoUsdPerDay: perDay, maxNanoUsdPerExecution: perExecution },
  });
  const account = budgetAccount(metadata, place, budgetRef);
  const warned = (maxTokensPerDay ?? perDay) === undefined ? [] : [...new Set(warnAt ?? usualThresholds)];
  return [{ type: 'TokenBudget', account, ...limits, ...(warned.length === 0 ? {} : { warnAt: warned }) }];
}
