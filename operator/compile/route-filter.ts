/**
 * What the filters of a route's rule come to: what is kept out of records, and what no gateway carries out. A filter that
 * is not carried out never lets a call through as if it were not there: its rule is refused (or opens nothing).
 */
import { joinLogging, notEnforced, type LoggingRule } from '../../contract/index.ts';
import { apiGroup, kinds, type Route } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { isLive } from './order.ts';

interface ExtensionRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

interface Rule {
  readonly filters?:
    ReadonlyArray<{ readonly type: string; readonly extensionRef?: ExtensionRef | undefined }> | undefined;
  readonly backendRefs?: readonly object[] | undefined;
}

export interface CompiledFilters {
  /** In words, for the agent and the status. */
  readonly unsupported: readonly string[];
  readonly logging: { readonly logging?: LoggingRule };
}

type Extension = { readonly unsupported: string } | { readonly logging: LoggingRule };

/** For routes whose backendRefs no gateway follows. */
export function compileFilters(world: World, route: Route, rule: Rule): CompiledFilters {
  const filters = compileExtensions(world, route, rule);
  const redirected = (rule.backendRefs ?? []).length > 0;
  const unsupported = redirected
    ? [...filters.unsupported, `backendRefs: ${notEnforced.RouteBackends.message}`]
    : filters.unsupported;
  return { ...filters, unsupported };
}

export function compileExtensions(world: World, route: Route, rule: Rule): CompiledFilters {
  const refs = (rule.filters ?? []).flatMap(({ type, extensionRef }) =>
    type === 'ExtensionRef' && extensionRef !== undefined ? [extensionRef] : [],
  );
  const extensions = refs.map((ref) => compileExtension(world, route.metadata.namespace, ref));
  const unsupported = extensions.flatMap((each) => ('unsupported' in each ? [each.unsupported] : []));
  const rules = extensions.flatMap((each) => ('logging' in each ? [each.logging] : []));
  return { unsupported, logging: rules.length === 0 ? {} : { logging: joinLogging(rules) } };
}

function compileExtension(world: World, namespace: string, ref: ExtensionRef): Extension {
  if (ref.group === apiGroup && ref.kind === 'RateLimitPolicy') {
    return { unsupported: `RateLimitPolicy ${ref.name}: ${notEnforced.RateLimit.message}` };
  }
  if (ref.group !== apiGroup || ref.kind !== 'LoggingPolicy') {
    return { unsupported: `filter ${ref.group}/${ref.kind} ${ref.name} is none that gateways know` };
  }
  const policy = world.get(kinds.loggingPolicy, namespace, ref.name);
  if (policy === undefined || !isLive(policy)) {
    return { unsupported: `LoggingPolicy ${ref.name} does not exist in ${namespace}` };
  }
  const { captureRequest = true, captureResponse = true, redactHeaders = [] } = policy.spec;
  const names = redactHeaders.map((name) => name.toLowerCase());
  return { logging: { captureRequest, captureResponse, redactHeaders: names } };
}
