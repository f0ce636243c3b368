/**
 * When an agent has booted and waits: for half a second its sandbox has used next to no processor. Nothing else tells it of one
 * that reads standard input. Taken too early an image is only worth less: what is restored goes on where it was.
 */
import { setTimeout as delay } from 'node:timers/promises';

const defaultWindowMs = 500;
/** A sandbox that waits uses 3 to 4 % of a processor for itself (measured; bash that reads its input), one that starts all it gets. */
const busyShare = 0.15;

export interface QuietOptions {
  /** Milliseconds of processor it has used by now. */
  readonly cpuMs: () => number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly mostMs: number;
  readonly windowMs?: number;
}

/** False: it was busy all the time, or aborted. */
export async function untilQuiet({
  cpuMs,
  now,
  signal,
  mostMs,
  windowMs = defaultWindowMs,
}: QuietOptions): Promise<boolean> {
  const deadline = now() + mostMs;
  for (let used = cpuMs(), at = now(); !signal.aborted;) {
    await delay(windowMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
    const usedNow = cpuMs();
    const atNow = now();
    if (usedNow - used < (atNow - at) * busyShare) return true;
    if (atNow >= deadline) return false;
    [used, at] = [usedNow, atNow];
  }
  return false;
}
