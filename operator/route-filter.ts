/** ResolvedRefs of a route as far as its filters and backendRefs go: what a gateway refuses for is said here. Pure. */
import { compilePath, faultOfArgumentExpression } from '../decision/index.ts';
import { changedObjects } from './change.ts';
import { compileExtensions, compileFilters } from './compile/index.ts';
import type { ControllerSpec } from './context.ts';
import {
  kinds,
  type AIProviderRoute,
  type EgressHTTPRoute,
  type EgressL4Route,
  type MCPRoute,
  type Route,
} from './kind.ts';
import { keyOfObject, type Finding, type Kind, type KubeObject, type World } from './runtime/index.ts';

/** For MCPRoutes: also expressions over arguments that gateways cannot read. */
export function resolvedMcpRules(world: World, route: MCPRoute): Finding {
  const rules = route.spec.rules ?? [];
  return refsFinding([
    ...rules.flatMap((rule) => compileFilters(world, route, rule).unsupported),
    ...rules
      .flatMap(({ filters = [] }) => filters.flatMap(({ toolPolicy }) => toolPolicy?.argumentRules ?? []))
      .flatMap(({ expression }) => {
        const problem = faultOfArgumentExpression(expression);
        return problem === undefined ? [] : [`argumentRules: ${JSON.stringify(expression)}: ${problem}`];
      }),
  ]);
}

/** For routes whose backendRefs no gateway follows. */
export function resolvedFilters(world: World, route: EgressL4Route): Finding {
  return refsFinding(
    (route.spec.rules ?? []).flatMap((rule) => compileFilters(world, route, rule).unsupported),
  );
}

/** For EgressHTTPRoutes: also paths that gateways cannot compare with, though the API server took them. */
export function resolvedHttpRules(world: World, route: EgressHTTPRoute): Finding {
  const paths = route.spec.rules
    .flatMap(({ matches }) => matches.flatMap(({ path }) => path ?? []))
    .filter((path) => compilePath(path).exact === undefined);
  return refsFinding([
    ...route.spec.rules.flatMap((rule) => compileFilters(world, route, rule).unsupported),
    ...paths.map(
      ({ type, value }) => `${type} ${JSON.stringify(value)} is no path that gateways can compare`,
    ),
  ]);
}

/** For routes whose backendRefs gateways follow. */
export function resolvedExtensions(world: World, route: AIProviderRoute): Finding {
  const at = { ...route, kind: 'AIProviderRoute' };
  return refsFinding(route.spec.rules.flatMap((rule) => compileExtensions(world, at, rule).unsupported));
}

function refsFinding(problems: readonly string[]): Finding {
  const type = 'ResolvedRefs';
  if (problems.length === 0) return { type, status: 'True', reason: 'ResolvedRefs', message: '' };
  const message = `${[...new Set(problems)].join('; ')}; calls of these rules are refused`;
  return { type, status: 'False', reason: 'UnsupportedValue', message };
}

/** Routes look again when a policy their filters name comes or goes. */
export function filterWatches(kind: Kind<Route>): ControllerSpec['watches'] {
  return [kinds.loggingPolicy, kinds.rateLimitPolicy].map((resource) => ({
    resource,
    keysOf: (world, change) => {
      const names = new Set(changedObjects(change).map(({ metadata }) => metadata?.name));
      return world
        .list(kind, (change.after ?? change.before)?.metadata?.namespace)
        .filter(({ spec }) =>
          (spec.rules ?? []).some((rule) =>
            (rule.filters ?? []).some(({ extensionRef }) => names.has(extensionRef?.name)),
          ),
        )
        .map((route) => keyOfObject(route as KubeObject));
    },
  }));
}
