/**
 * Limits of calls to the gateway's form: what they count, for whom, and under which account. Pure. What cannot be counted is told in
 * words, so that its rule is refused and never let through uncounted.
 */
import { parseDuration } from '../../api/index.ts';
import { windowBounds, type CallLimit, type TokenRate } from '../../contract/index.ts';
import { kinds, type RateLimitPolicy, type Route } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { isLive } from './order.ts';

export type CompiledLimit = { readonly limit: CallLimit } | { readonly unsupported: string };
export type CompiledRate = CompiledLimit | { readonly tokenRate: TokenRate };

/** A route as a gateway has it; `gateway`: `ns/name`, undefined where only what cannot be carried out is asked. */
export type RouteAt = Route & { readonly gateway?: string | undefined };

interface Rate {
  readonly requests: number;
  readonly window: string;
  readonly scope?: CallLimit['scope'] | undefined;
}

/** Why gateways cannot count it; undefined: they can. Admission says so too, of objects that are written since it does. */
function faultOfRate({ window }: Pick<Rate, 'window'>): string | undefined {
  const ms = parseDuration(window);
  const { leastMs, mostMs } = windowBounds;
  return ms !== undefined && ms >= leastMs && ms <= mostMs
    ? undefined
    : `gateways count windows of 1s to 24h, not ${window}`;
}

/** `account`: without whom it is counted for, which is said when a call is. */
export function compileRate({ requests, window, scope = 'PerAgent' }: Rate, account: string): CompiledLimit {
  const unsupported = faultOfRate({ window });
  if (unsupported !== undefined) return { unsupported };
  const windowMs = Math.round(parseDuration(window) ?? windowBounds.mostMs);
  return { limit: { account, calls: requests, windowMs, scope } };
}

/** One count for all rules that name the policy; counted per route or gateway, one for each of them. */
function accountOf({ metadata, spec }: RateLimitPolicy, route: RouteAt): string {
  const own = `rate/${metadata.namespace}/${metadata.name}`;
  switch (spec.scope) {
    case 'PerRoute':
      return `${own}/${route.kind ?? ''}/${route.metadata.name}`;
    case 'PerGateway':
      return `${own}/gateway/${route.gateway ?? ''}`;
    case 'PerAgent':
    case 'PerExecution':
    case undefined:
      return own;
    default:
      return spec.scope satisfies never;
  }
}

/** Of a filter that names a RateLimitPolicy of the route's namespace. */
export function compileRatePolicy(world: World, route: RouteAt, name: string): CompiledRate {
  const { namespace } = route.metadata;
  const policy = world.get(kinds.rateLimitPolicy, namespace, name);
  if (policy === undefined || !isLive(policy)) {
    return { unsupported: `RateLimitPolicy ${name} does not exist in ${namespace}` };
  }
  const compiled = compilePolicy(policy, route);
  return 'unsupported' in compiled
    ? { unsupported: `RateLimitPolicy ${name}: ${compiled.unsupported}` }
    : compiled;
}

/** Why no rule can be held to it, whatever route names it; undefined: it can. Admission says so too. */
export function faultOfPolicy({ requests, tokens, window }: RateLimitPolicy['spec']): string | undefined {
  if (requests === undefined && tokens === undefined) return 'it says neither requests nor tokens';
  if (requests !== undefined && tokens !== undefined) {
    return 'it says requests and tokens; one policy counts one of them';
  }
  return faultOfRate({ window });
}

function compilePolicy(policy: RateLimitPolicy, route: RouteAt): CompiledRate {
  const { requests, tokens, ...rate } = policy.spec;
  const unsupported = faultOfPolicy(policy.spec);
  if (unsupported !== undefined) return { unsupported };
  if (tokens !== undefined && route.kind !== 'AIProviderRoute') {
    return { unsupported: 'tokens are counted of the calls of AIProviderRoutes alone' };
  }
  const by = `${policy.metadata.namespace}/${policy.metadata.name}`;
  const account = accountOf(policy, route);
  const compiled = compileRate({ requests: requests ?? tokens ?? 1, ...rate }, account);
  if ('unsupported' in compiled) return compiled;
  if (tokens === undefined) return { limit: { ...compiled.limit, policy: by } };
  const { windowMs = windowBounds.mostMs, scope } = compiled.limit;
  return { tokenRate: { account, tokens, windowMs, scope, policy: by } };
}
