/**
 * What tenants share, as this bench asks of each: a real part to open, a tenant that fills it, a tenant that only does its
 * work. The three run in processes of their own, so that what one spends is not charged to another. Types, and one loop.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** Where the part is and how to speak to it; goes from process to process as JSON. */
export type Place = Readonly<Record<string, string | number>>;

export interface Part extends AsyncDisposable {
  readonly place: Place;
}

/** What became of what the hostile tenant tried. */
export interface Tally {
  letIn: number;
  refused: number;
}

/** The honest tenant: makes one call, again and again. It rejects when it is refused. */
export interface Honest extends AsyncDisposable {
  readonly call: () => Promise<void>;
}

/** One that has nothing to put away. */
export function honestCaller(call: () => Promise<void>): Promise<Honest> {
  return Promise.resolve({ call, [Symbol.asyncDispose]: () => Promise.resolve() });
}

export interface SharedThing {
  readonly role: 'gateway' | 'ingress' | 'telemetry' | 'worker' | 'operator';
  readonly name: string;
  /** How it is filled, for the table. */
  readonly hostile: string;
  readonly open: () => Promise<Part>;
  /** Fills it and keeps asking for more until the signal; counts as it goes. */
  readonly fill: (place: Place, tally: Tally, signal: AbortSignal) => Promise<void>;
  readonly honest: (place: Place) => Promise<Honest>;
}

/** At most so many a second and so many at a time, until the signal; what one throws is counted as a refusal. */
export async function keepAsking(
  { atOnce, perSecond }: { readonly atOnce: number; readonly perSecond: number },
  tally: Tally,
  signal: AbortSignal,
  ask: () => Promise<boolean>,
): Promise<void> {
  const startedMs = performance.now();
  let begun = 0;
  const one = async (): Promise<void> => {
    while (!signal.aborted) {
      const dueMs = startedMs + (begun / perSecond) * 1_000;
      begun += 1;
      // Also when it is due already: others of this process have their turn.
      await delay(Math.max(0, dueMs - performance.now()));
      const isIn = await ask().catch(() => false);
      if (isIn) tally.letIn += 1;
      else tally.refused += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

export function textAt(place: Place, name: string): string {
  return String(place[name] ?? '');
}

export function numberAt(place: Place, name: string): number {
  return Number(place[name] ?? 0);
}
