/** Gateway-API precedence: older first, then by namespace/name. Everything compiled is in this order. */
import type { Metadata } from '../runtime/index.ts';

export interface Dated {
  readonly metadata?: Metadata;
}

function ageKey(object: Dated): string {
  const { creationTimestamp = '', namespace = '', name = '' } = object.metadata ?? {};
  return `${creationTimestamp} ${namespace}/${name}`;
}

export function byAge<T extends Dated>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => {
    const [left, right] = [ageKey(a), ageKey(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

/** Objects that are on their way out take no part in a compile. */
export function isLive(object: Dated): boolean {
  return object.metadata?.deletionTimestamp === undefined;
}
