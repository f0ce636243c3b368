/** The FallbackRoutingPolicy of a route to what its gateways do. The oldest policy at a route applies (GEP-713). */
import { parseDuration } from '../../api/index.ts';
import type { RouteFallback } from '../../contract/index.ts';
import { kinds, type AIProviderRoute } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { policiesAt } from './policy-precedence.ts';

/** As the API says: when nothing else is said. */
const defaults = { retries: 5, statuses: [429, 503], maxEjectionMs: 300_000 };

/** undefined: no policy is about it. */
export function fallbackAt(world: World, { metadata }: AIProviderRoute): RouteFallback | undefined {
  const { namespace, name } = metadata;
  const target = { kind: 'AIProviderRoute', name };
  const [policy] = policiesAt(world, kinds.fallbackRoutingPolicy, namespace, target);
  if (policy === undefined) return undefined;
  const { retry = {}, ejection = {} } = policy.spec;
  const perTryTimeoutMs = milliseconds(retry.perTryTimeout);
  return {
    retries: retry.numRetries ?? defaults.retries,
    statuses: [...(retry.retriableStatusCodes ?? defaults.statuses)],
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
    maxEjectionMs: milliseconds(ejection.maxEjectionTime) ?? defaults.maxEjectionMs,
  };
}

function milliseconds(text: string | undefined): number | undefined {
  const parsed = text === undefined ? undefined : parseDuration(text);
  return parsed === undefined ? undefined : Math.max(1, Math.round(parsed));
}
