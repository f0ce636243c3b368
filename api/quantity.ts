/** Durations (`1h30m`) and quantities (`1500m`, `512Mi`) as Kubernetes writes them, read into numbers. Pure. */
const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds, or undefined for text that is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h)){1,8}$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    total += Number(amount) * (durationUnits[unit ?? ''] ?? Number.NaN);
  }
  return total;
}

const quantitySuffixes: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Base units (cores, bytes), or undefined for text that is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const exponent = /^(\d+\.?\d*|\.\d+)[eE][+-]?\d{1,2}$/.exec(text);
  if (exponent !== null) return Number(text);
  const match = /^(\d{1,18}\.?\d{0,18}|\.\d{1,18})([KMGTPE]i|[mkMGTPE])?$/.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * (quantitySuffixes[match[2] ?? ''] ?? Number.NaN);
}
