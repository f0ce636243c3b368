/** The field Retry-After (RFC 9110 10.2.3): how long somebody asks not to be called. Pure. */

/** Milliseconds from `now`; undefined: it does not say, or not in a way that anybody reads. */
export function parseRetryAfter(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // A date has letters; numbers that are no seconds would be read as years.
  if (text.length > 40 || !/[A-Za-z]/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
