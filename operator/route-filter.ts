/** ResolvedRefs of a route as far as its filters and backendRefs go: what a gateway refuses for is said here. Pure. */
import { compilePath, faultOfArgumentExpression } from '../decision/index.ts';
import { changedObjects } from './change.ts';
import { compileFilters, unresolvedBackends, type BackendUse } from './compile/index.ts';
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

/** For EgressL4Routes, whose rules send connections to Backends. */
export function resolvedPlaces(world: World, route: EgressL4Route): Finding {
  return missingBackends(world, route, 'place') ?? resolvedFilters(world, route);
}

/** For MCPRoutes: also expressions over arguments that gateways cannot read. */
export function resolvedMcpRules(world: World, route: MCPRoute): Finding {
  const missing = missingBackends(world, route, 'place');
  if (missing !== undefined) return missing;
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

/** References to Backends that come to nothing; undefined: there are none. */
export function missingBackends(
  world: World,
  route: AIProviderRoute | EgressL4Route | MCPRoute,
  use: BackendUse,
): Finding | undefined {
  const failed = unresolvedBackends(world, route, use);
  const [first] = failed;
  if (first === undefined) return undefined;
  const message = [...new Set(failed.map((each) => each.message))].join('; ');
  return { type: 'ResolvedRefs', status: 'False', reason: first.reason, message };
}

export function resolvedFilters(world: World, route: AIProviderRoute | EgressL4Route): Finding {
  const rules: ReadonlyArray<Parameters<typeof compileFilters>[2]> = route.spec.rules ?? [];
  return refsFinding(rules.flatMap((rule) => compileFilters(world, route, rule).unsupported));
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

function refsFinding(problems: readonly string[]): Finding {
  const type = 'ResolvedRefs';
  if (problems.length === 0) return { type, status: 'True', reason: 'ResolvedRefs', message: '' };
  const message = `${[...new Set(problems)].join('; ')}; calls of these rules are refused`;
  return { type, status: 'False', reason: 'UnsupportedValue', message };
}

/** Routes look again when a Backend their rules name comes or goes. */
export function backendWatch(
  kind: Kind<AIProviderRoute> | Kind<EgressL4Route> | Kind<MCPRoute>,
): ControllerSpec['watches'][number] {
  return {
    resource: kinds.backend,
    keysOf: (world, change) => {
      const names = new Set(changedObjects(change).map(({ metadata }) => metadata?.name));
      const routes: ReadonlyArray<AIProviderRoute | EgressL4Route | MCPRoute> = world.list<
        AIProviderRoute | EgressL4Route | MCPRoute
      >(kind, (change.after ?? change.before)?.metadata?.namespace);
      return routes
        .filter(({ spec }) =>
          (spec.rules ?? []).some(({ backendRefs = [] }) => backendRefs.some((ref) => names.has(ref.name))),
        )
        .map((route) => keyOfObject(route as KubeObject));
    },
  };
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
