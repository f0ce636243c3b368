/**
 * What the filters of a route's rule come to: what is counted, what is kept out of records, and what no gateway carries out. A filter that
 * is not carried out never lets a call through as if it were not there: its rule is refused (or opens nothing).
 */
import { joinLogging, type CallLimit, type LoggingRule, type TokenRate } from '../../contract/index.ts';
import { apiGroup, kinds, type LoggingPolicy } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { compileRatePolicy, type CompiledRate, type RouteAt } from './call-limit.ts';
import { isLive } from './order.ts';

interface ExtensionRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

interface Rule {
  readonly filters?:
    ReadonlyArray<{ readonly type: string; readonly extensionRef?: ExtensionRef | undefined }> | undefined;
}

export interface CompiledFilters {
  /** In words, for the agent and the status. */
  readonly unsupported: readonly string[];
  /** What a rule of a document has of it. */
  readonly carried: {
    readonly logging?: LoggingRule;
    readonly limits?: CallLimit[];
    /** Of rules of AIProviderRoutes alone. */
    readonly tokenRates?: TokenRate[];
  };
}

type Extension = CompiledRate | { readonly logging: LoggingRule };

function refsOf({ filters = [] }: Rule): ExtensionRef[] {
  return filters.flatMap(({ type, extensionRef }) =>
    type === 'ExtensionRef' && extensionRef !== undefined ? [extensionRef] : [],
  );
}

const isOf = (kind: 'RateLimitPolicy' | 'LoggingPolicy', ref: ExtensionRef): boolean =>
  ref.group === apiGroup && ref.kind === kind;

/** Names of the LoggingPolicies that a rule's filters name, all of the route's namespace. */
export function loggingPoliciesOf(rule: Rule): string[] {
  return refsOf(rule).flatMap((ref) => (isOf('LoggingPolicy', ref) ? [ref.name] : []));
}

export function compileFilters(world: World, route: RouteAt, rule: Rule): CompiledFilters {
  const extensions = refsOf(rule).map((ref) => compileExtension(world, route, ref));
  const unsupported = extensions.flatMap((each) => ('unsupported' in each ? [each.unsupported] : []));
  const rules = extensions.flatMap((each) => ('logging' in each ? [each.logging] : []));
  const limits = extensions.flatMap((each) => ('limit' in each ? [each.limit] : []));
  const tokenRates = extensions.flatMap((each) => ('tokenRate' in each ? [each.tokenRate] : []));
  return {
    unsupported,
    carried: {
      ...(rules.length === 0 ? {} : { logging: joinLogging(rules) }),
      ...(limits.length === 0 ? {} : { limits }),
      ...(tokenRates.length === 0 ? {} : { tokenRates }),
    },
  };
}

function compileExtension(world: World, route: RouteAt, ref: ExtensionRef): Extension {
  const { namespace } = route.metadata;
  if (isOf('RateLimitPolicy', ref)) return compileRatePolicy(world, route, ref.name);
  if (!isOf('LoggingPolicy', ref)) {
    return { unsupported: `filter ${ref.group}/${ref.kind} ${ref.name} is none that gateways know` };
  }
  const policy = world.get(kinds.loggingPolicy, namespace, ref.name);
  if (policy === undefined || !isLive(policy)) {
    return { unsupported: `LoggingPolicy ${ref.name} does not exist in ${namespace}` };
  }
  return { logging: loggingRule(policy.spec) };
}

function loggingRule(spec: LoggingPolicy['spec']): LoggingRule {
  const { captureRequest = true, captureResponse = true, redactHeaders = [], sinkRef } = spec;
  const names = redactHeaders.map((name) => name.toLowerCase());
  const sinks = sinkRef === undefined ? {} : { sinks: [sinkRef] };
  return { captureRequest, captureResponse, redactHeaders: names, ...sinks };
}
