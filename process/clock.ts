/**
 * Time that only goes forward, for leases, liveness and deadlines. The wall clock is set by people and by NTP: whoever
 * compares two of its readings is wrong by an hour one day. It is for what is shown and recorded alone.
 */

/** Milliseconds, near to Unix time when the process started; not for showing. */
export function monotonicMs(): number {
  return performance.timeOrigin + performance.now();
}
