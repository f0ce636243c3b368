/**
 * When a Backend that fails is left out for a while, and how it comes back: as a state and what follows from each thing that is
 * seen. Pure. After its time a single call finds out how it is (half-open); the others wait for what that one says.
 */

/** What is known of a Backend from the calls it was sent. */
export interface Health {
  /** One after the other, since it last did well. */
  readonly failures: number;
  /** How often it was left out since it last did well. */
  readonly ejections: number;
  /** Unix milliseconds until which it is left out. */
  readonly outUntil: number;
  /** Unix milliseconds until which it asked not to be called. */
  readonly waitUntil: number;
  /** A call is on its way to find out whether it does well again. */
  readonly isProbed: boolean;
}

export const healthy: Health = { failures: 0, ejections: 0, outUntil: 0, waitUntil: 0, isProbed: false };

/** `unknown`: the call ended before it could tell. */
export type HealthSign = 'well' | 'failed' | 'unknown';

/** About five failures in a row, then steps of 30 s, as proxies do. */
export const ejection = { failures: 5, stepMs: 30_000 } as const;

export interface EjectionClock {
  readonly now: number;
  readonly maxEjectionMs: number;
}

/** `out`: no call is sent there while there is another place. `waits`: nor where all others are out. */
export type Standing = 'in' | 'out' | 'waits';

export function standingOf({ outUntil, waitUntil, isProbed }: Health, now: number): Standing {
  if (now < waitUntil) return 'waits';
  return isProbed || now < outUntil ? 'out' : 'in';
}

/** A call is sent there. */
export function computeCalled(health: Health): Health {
  return health.ejections > 0 ? { ...health, isProbed: true } : health;
}

/** The call has ended, or could tell before. */
export function computeHealth(
  health: Health,
  sign: HealthSign,
  { now, maxEjectionMs }: EjectionClock,
): Health {
  switch (sign) {
    case 'unknown':
      return { ...health, isProbed: false };
    case 'well':
      return { ...healthy, waitUntil: health.waitUntil };
    case 'failed': {
      // Sent before it was left out, or because all are: nothing new.
      if (now < health.outUntil) return { ...health, isProbed: false };
      const failures = health.failures + 1;
      if (health.ejections === 0 && failures < ejection.failures) return { ...health, failures };
      const ejections = health.ejections + 1;
      // A maximum below a step makes the step shorter too.
      const outMs = Math.min(ejection.stepMs * ejections, maxEjectionMs);
      return { ...health, failures, ejections, outUntil: now + outMs, isProbed: false };
    }
    default:
      return sign satisfies never;
  }
}

/** It answered that it is not to be called for so long. */
export function computeWait(health: Health, waitMs: number, { now, maxEjectionMs }: EjectionClock): Health {
  const until = now + Math.min(waitMs, maxEjectionMs);
  return { ...health, waitUntil: Math.max(health.waitUntil, until) };
}
