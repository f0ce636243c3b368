/**
 * Money, as it is written in manifests and counted in the ledger: whole billionths of a US dollar, because a token costs less than a
 * millionth. It must never be a float that is added up, nor a text that is guessed at.
 */

/** Billionths of a US dollar, a whole number. */
export type NanoUsd = number & { readonly __brand: 'NanoUsd' };

const nanosOfDollar = 1_000_000_000;
/** Sums of a day stay far below what a number holds exactly. */
const mostDollars = 1_000_000;
const written = /^(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,9})?$/;

/** Of `12.50`; undefined: not written so, nothing at all, or a million and more. */
export function parseUsd(text: string): NanoUsd | undefined {
  if (!written.test(text)) return undefined;
  const [dollars = '', fraction = ''] = text.split('.');
  const nanos = Number(dollars) * nanosOfDollar + Number(fraction.padEnd(9, '0'));
  return nanos > 0 ? (nanos as NanoUsd) : undefined;
}

/** Of a price, rounded up: nobody pays less than it costs. Undefined: no amount, or one that no call has. */
export function nanoUsdOf(dollars: number): NanoUsd | undefined {
  if (!Number.isFinite(dollars) || dollars < 0 || dollars > mostDollars) return undefined;
  // What a float is off by is below a thousandth of a billionth.
  return Math.ceil(Number((dollars * nanosOfDollar).toFixed(3))) as NanoUsd;
}

/** As `parseUsd` reads it. */
export function renderUsd(nanos: number): string {
  const whole = Math.floor(nanos / nanosOfDollar);
  let fraction = String(nanos % nanosOfDollar).padStart(9, '0');
  while (fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}
