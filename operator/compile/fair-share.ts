/**
 * What fits into a document of bounded size, shared max-min fairly: whoever asks for less than an equal share gets all of it,
 * and what is over is divided among the others. So one tenant's thousandth object never keeps out another's first. Pure.
 */
export interface Sized<T> {
  readonly item: T;
  readonly tenant: string;
  readonly bytes: number;
}

export interface Fitting<T> {
  readonly kept: readonly T[];
  readonly left: readonly T[];
}

/** Of each tenant the first of the list are kept: pass the oldest first, and what worked goes on working. */
export function fitFairly<T>(items: readonly Sized<T>[], limitBytes: number): Fitting<T> {
  const share = equalShare(totals(items), limitBytes);
  const used = new Map<string, number>();
  const kept: T[] = [];
  const left: T[] = [];
  for (const { item, tenant, bytes } of items) {
    const sum = (used.get(tenant) ?? 0) + bytes;
    if (sum > share) {
      left.push(item);
      continue;
    }
    used.set(tenant, sum);
    kept.push(item);
  }
  return { kept, left };
}

function totals(items: readonly Sized<unknown>[]): number[] {
  const byTenant = new Map<string, number>();
  for (const { tenant, bytes } of items) byTenant.set(tenant, (byTenant.get(tenant) ?? 0) + bytes);
  return [...byTenant.values()];
}

/** The most any tenant may use, so that all together stay within the limit. */
function equalShare(wanted: readonly number[], limitBytes: number): number {
  let room = limitBytes;
  const ascending = [...wanted].sort((a, b) => a - b);
  for (const [index, each] of ascending.entries()) {
    const share = room / (ascending.length - index);
    if (each > share) return share;
    room -= each;
  }
  return Number.POSITIVE_INFINITY;
}
