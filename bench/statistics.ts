/** The arithmetic of the benches, apart so that it is tested: a wrong median would be believed. */

/** The value below which this share (0 to 1) of the samples lies: nearest rank, no interpolation. NaN of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.ceil(share * sorted.length);
  return sorted[Math.min(Math.max(rank, 1), sorted.length) - 1] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The median of the slopes between all pairs (Theil–Sen): one odd sample does not tilt it. NaN under two points. */
export function slope(points: readonly Point[]): number {
  const slopes: number[] = [];
  points.forEach((from, index) => {
    for (const to of points.slice(index + 1))
      if (to.x !== from.x) slopes.push((to.y - from.y) / (to.x - from.x));
  });
  return median(slopes);
}

export function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
