/** Which of a rule's ways a call goes: by weight, and the same for all calls of an invocation, or in their order. Pure. */
import type { Call } from './call.ts';
import { mayGoElsewhere } from './fallback.ts';
import type { Operation } from './operation/index.ts';
import type { RouteClause, Way } from './provider-clause.ts';
import { isTakenBy } from './translation.ts';

/** FNV-1a: the same invocation keeps its backend (the original's sticky weights). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return value;
}

type Weighed = Pick<Way, 'backend'>;

export const weightOf = ({ backend }: Weighed): number => backend?.weight ?? 1;

/** Of all ways among which one is chosen. */
export function sumWeights(ways: readonly Weighed[]): number {
  return ways.reduce((sum, way) => sum + weightOf(way), 0);
}

/** By weight; a single way needs none. */
export function chooseByWeight<W extends Weighed>(ways: readonly W[], key: string): W | undefined {
  if (ways.length < 2) return ways[0];
  const total = sumWeights(ways);
  let point = total === 0 ? 0 : hash(key) % total;
  return ways.find((way) => {
    point -= weightOf(way);
    return point < 0;
  });
}

/** In the order to try them; empty: there is none that takes it. */
export function chooseWays(
  { ways, fallback }: Pick<RouteClause, 'ways' | 'fallback'>,
  call: Call,
  operation: Operation | undefined,
): readonly Way[] {
  const able = ways.filter((way) => isTakenBy(way, call, operation));
  if (fallback !== undefined) return mayGoElsewhere(call, operation) ? able : able.slice(0, 1);
  const way = chooseByWeight(able, call.invocationId);
  return way === undefined ? [] : [way];
}
