/** How the copies of records arrive, as the gateway's status tells it: what the last attempt said, and whether any were lost lately. Pure. */
import type { ExportFault, ExportState } from '../../contract/index.ts';

/** Long enough for a person to see it, short enough to be about now. */
const losingMs = 5 * 60_000;

export class ExportHealth {
  #fault: ExportFault | undefined;
  #lostAt: number | undefined;
  #hasArrived = false;

  /** `fault` undefined: it arrived. True: it stands otherwise than before. */
  attempted(fault: ExportFault | undefined): boolean {
    const before = this.#fault;
    const isFirst = fault === undefined && !this.#hasArrived;
    this.#fault = fault;
    this.#hasArrived ||= fault === undefined;
    return isFirst || before?.code !== fault?.code || before?.status !== fault?.status;
  }

  /** True: none was lost for a while before. */
  lost(now: number): boolean {
    const wasLosing = this.#isLosing(now);
    this.#lostAt = now;
    return !wasLosing;
  }

  #isLosing(now: number): boolean {
    return this.#lostAt !== undefined && now - this.#lostAt < losingMs;
  }

  state(now: number): ExportState {
    const state = { losing: this.#isLosing(now), arrived: this.#hasArrived };
    return this.#fault === undefined ? state : { ...state, fault: this.#fault };
  }
}
