/** Times a person types: durations (`90s`, `5m`, `1h30m`, `2d`) and RFC 3339 instants. Pure; throws USAGE. */
import { usageError } from './exit-code.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  const whole = parts.map((part) => part[0]).join('') === text && parts.length > 0;
  if (!whole) throw usageError(`"${text}" is not a duration`, 'For example 30s, 5m or 1h30m.');
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0);
}

/** What a timer holds: beyond it, it rings at once. */
const maxTimeoutMs = 24 * 86_400_000;

/** Whole milliseconds to wait at the most. */
export function parseTimeout(text: string): number {
  const ms = Math.ceil(parseDuration(text));
  if (ms > maxTimeoutMs)
    throw usageError(`--timeout ${text} is longer than can be waited`, 'Give 24d at most.');
  return ms;
}

/** RFC 3339 of "so long ago" or of an instant. */
export function parseSince(text: string, now: Date): string {
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    const instant = new Date(text);
    if (!Number.isNaN(instant.getTime())) return instant.toISOString();
  }
  return new Date(now.getTime() - parseDuration(text)).toISOString();
}

/** A non-negative whole number. */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw usageError(`"${text}" is not a number`, 'Give a whole number, 0 or more.');
  return Number(text);
}
