/** AIProviderRoute to the gateway's form, with Backends resolved. A reference that cannot be resolved is left out. */
import {
  faultOfBackendRef,
  parseUsd,
  usualThresholds,
  type NanoUsd,
  type ProviderBackend,
  type ProviderDenial,
  type ProviderRoute,
} from '../../contract/index.ts';
import { renderUntranslated, untranslated } from '../../decision/index.ts';
import { kinds, type AIProviderRoute, type Backend, type EgressGateway } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { denialAt } from './denial.ts';
import { gatewayId } from './name.ts';
import { isLive } from './order.ts';
import { fallbackAt } from './fallback.ts';
import { compileExtensions } from './route-filter.ts';

type Rule = AIProviderRoute['spec']['rules'][number];
type BackendRef = NonNullable<Rule['backendRefs']>[number];
type Filter = NonNullable<Rule['filters']>[number];
type ProviderFilter = ProviderRoute['rules'][number]['filters'][number];

export type ResolvedBackend =
  | { readonly resolved: true; readonly backend: ProviderBackend }
  | {
      readonly resolved: false;
      readonly reason: 'InvalidKind' | 'BackendNotFound' | 'RefNotPermitted' | 'UnsupportedBackend';
      readonly message: string;
    };

export function resolveBackend(world: World, route: AIProviderRoute, ref: BackendRef): ResolvedBackend {
  const reason = faultOfBackendRef(ref, route.metadata.namespace);
  if (reason !== undefined) {
    const message =
      reason === 'InvalidKind'
        ? `${ref.kind ?? ''} ${ref.name} is not a Backend`
        : `Backend ${ref.namespace ?? ''}/${ref.name} is in another namespace`;
    return { resolved: false, reason, message };
  }
  const backend = world.get(kinds.backend, route.metadata.namespace, ref.name);
  if (backend === undefined || !isLive(backend)) {
    return { resolved: false, reason: 'BackendNotFound', message: `Backend ${ref.name} does not exist` };
  }
  const upstream = backend.spec.upstream;
  if (upstream === undefined) {
    const message = `Backend ${ref.name} has no upstream (type ${backend.spec.type ?? 'Upstream'})`;
    return { resolved: false, reason: 'UnsupportedBackend', message };
  }
  return { resolved: true, backend: providerBackend(ref, backend, upstream) };
}

export type UnresolvedBackend = Extract<ResolvedBackend, { resolved: false }>;

/** The references of all its rules that come to nothing. */
export function unresolvedBackends(world: World, route: AIProviderRoute): UnresolvedBackend[] {
  return route.spec.rules
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .map((ref) => resolveBackend(world, route, ref))
    .filter((each) => !each.resolved);
}

/** Why Backends of its rules get no call, each a sentence without its end. */
export function untranslatedBackends(world: World, route: AIProviderRoute): string[] {
  return route.spec.rules.flatMap(({ matches = [], backendRefs = [] }) => {
    const backends = backendRefs.map((ref) => resolveBackend(world, route, ref));
    const resolved = backends.flatMap((each) => (each.resolved ? [each.backend] : []));
    return untranslated(matches, resolved).map(renderUntranslated);
  });
}

function providerBackend(
  ref: BackendRef,
  backend: Backend,
  upstream: NonNullable<Backend['spec']['upstream']>,
): ProviderBackend {
  return {
    name: ref.name,
    weight: ref.weight ?? 1,
    schema: backend.spec.schema.name,
    host: upstream.host.toLowerCase(),
    port: ref.port ?? upstream.port ?? 443,
    modelRewrites: (backend.spec.modelRewrites ?? []).map(({ from, to }) => ({ from, to })),
    ensureStreamUsage: backend.spec.bodyMutation?.ensureStreamUsage ?? false,
  };
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
    const backends = (rule.backendRefs ?? []).map((ref) => resolveBackend(world, route, ref));
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
      const backends = (rule.backendRefs ?? []).map((ref) => resolveBackend(world, route, ref));
      const resolved = backends.flatMap((each) => (each.resolved ? [each.backend] : []));
      // A rule whose every backend is missing must not fall back to the host the agent asked for.
      if (backends.length > 0 && resolved.length === 0) return [];
      const { unsupported, carried } = compileExtensions(world, at, rule);
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

/** A named budget is shared by the rules of one namespace's routes; else each has its own, by its place in the route. */
export function budgetAccount(
  { namespace, name }: AIProviderRoute['metadata'],
  place: string,
  budgetRef: string | undefined,
): string {
  return budgetRef === undefined ? `rule/${namespace}/${name}/${place}` : `ref/${namespace}/${budgetRef}`;
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
