/**
 * Times the phases of an invocation. Each phase begins where the one before ended, so they sum to the total by
 * construction; a phase that did not happen is 0 long. Pure: the clock is passed in.
 */
export const phaseNames = [
  'queue',
  'slot',
  'rootfs',
  'create',
  /** Of an image of its agent, in place of start and boot. */
  'restore',
  'start',
  /** Until a Metadata agent asks for its event; of one that reads standard input it is part of firstByte. */
  'boot',
  'deliver',
  'firstByte',
  'wait',
  'respond',
] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface TimedPhase {
  readonly name: PhaseName;
  /** Unix milliseconds with fractions. */
  readonly start: number;
  readonly end: number;
}

export class PhaseClock {
  readonly startedAt: number;
  readonly #now: () => number;
  readonly #phases: TimedPhase[] = [];
  #at: number;

  /** `now` gives Unix milliseconds, with fractions and never going back (performance.timeOrigin + now()). */
  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
    this.#at = this.startedAt;
  }

  /** This phase ended now; it began when the one before ended. */
  mark(name: PhaseName): void {
    const end = Math.max(this.#now(), this.#at);
    this.#phases.push({ name, start: this.#at, end });
    this.#at = end;
  }

  get phases(): readonly TimedPhase[] {
    return this.#phases;
  }

  get totalMs(): number {
    return this.#at - this.startedAt;
  }

  phasesMs(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { name, start, end } of this.#phases) sums[name] = (sums[name] ?? 0) + (end - start);
    return sums;
  }
}
