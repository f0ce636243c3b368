/** Durations and ages as kubectl writes them. Pure; apart because the command line and the aggregated API must agree. */

import type { Invocation } from './invocation.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

interface Unit {
  readonly ms: number;
  readonly mark: string;
}
const seconds: Unit = { ms: second, mark: 's' };
const minutes: Unit = { ms: minute, mark: 'm' };
const hours: Unit = { ms: hour, mark: 'h' };
const days: Unit = { ms: day, mark: 'd' };

/** A measured span of time: `1.2 ms`, `34 ms`, `1.24 s`, `2m05s`. */
export function renderDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '<unknown>';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < minute) return `${(ms / second).toFixed(2)} s`;
  const whole = Math.round(ms / second);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
}

/** How long a call took, or that it has not ended. */
export function renderCallDuration({ status, metadata }: Invocation): string {
  if (status.totalMs !== undefined) return renderDuration(status.totalMs);
  if (status.completionTime === undefined) return '<pending>';
  const start = status.startTime ?? metadata.creationTimestamp;
  return renderDuration(Date.parse(status.completionTime) - Date.parse(start));
}

/** How long ago, in kubectl's words: `12s`, `4m10s`, `3h`, `5d`. Thresholds: apimachinery's HumanDuration. */
export function renderAge(since: Date | undefined, now: Date): string {
  if (since === undefined || Number.isNaN(since.getTime())) return '<unknown>';
  const ms = Math.max(0, now.getTime() - since.getTime());
  if (ms < 2 * minute) return `${Math.floor(ms / second)}s`;
  if (ms < 10 * minute) return withRest(ms, minutes, seconds);
  if (ms < 3 * hour) return `${Math.floor(ms / minute)}m`;
  if (ms < 8 * hour) return withRest(ms, hours, minutes);
  if (ms < 2 * day) return `${Math.floor(ms / hour)}h`;
  if (ms < 8 * day) return withRest(ms, days, hours);
  return ms < 730 * day ? `${Math.floor(ms / day)}d` : `${Math.floor(ms / (365 * day))}y`;
}

/** A unit followed by what is left in the next smaller one, which is dropped when zero. */
function withRest(ms: number, unit: Unit, rest: Unit): string {
  const left = Math.floor((ms % unit.ms) / rest.ms);
  return `${Math.floor(ms / unit.ms)}${unit.mark}${left === 0 ? '' : `${left}${rest.mark}`}`;
}
