/**
 * Limits of calls to the gateway's form: what they count, for whom, and under which account. Pure. What cannot be counted is told in
 * words, so that its rule is refused and never let through uncounted.
 */
import { parseDuration } from '../../api/index.ts';
import { windowBounds, type CallLimit } from '../../contract/index.ts';
import { kinds, type RateLimitPolicy, type Route } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { isLive } from './order.ts';

export type CompiledLimit = { readonly limit: CallLimit } | { readonly unsupported: string };

interface Rate {
  readonly requests: number;
  readonly window: string;
  readonly scope?: CallLimit['scope'] | undefined;
}

/** Why gateways cannot count it; undefined: they can. Admission says so too, of objects that are written since it does. */
export function faultOfRate({ window }: Pick<Rate, 'window'>): string | undefined {
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

/** One count for all rules that name the policy; counted per route, one for each route. */
function accountOf({ metadata, spec }: RateLimitPolicy, route: Route): string {
  const own = `rate/${metadata.namespace}/${metadata.name}`;
  return spec.scope === 'PerRoute' ? `${own}/${route.kind ?? ''}/${route.metadata.name}` : own;
}

/** Of a filter that names a RateLimitPolicy of the route's namespace. */
export function compileRatePolicy(world: World, route: Route, name: string): CompiledLimit {
  const { namespace } = route.metadata;
  const policy = world.get(kinds.rateLimitPolicy, namespace, name);
  if (policy === undefined || !isLive(policy)) {
    return { unsupported: `RateLimitPolicy ${name} does not exist in ${namespace}` };
  }
  const compiled = compileRate(policy.spec, accountOf(policy, route));
  return 'limit' in compiled
    ? { limit: { ...compiled.limit, policy: `${namespace}/${name}` } }
    : { unsupported: `RateLimitPolicy ${name}: ${compiled.unsupported}` };
}
