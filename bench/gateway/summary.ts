/** From runs to the result of the gateway bench. Pure, so that its arithmetic is tested. */
import type { BenchResult } from '../result.ts';
import { median, round } from '../statistics.ts';
import type { LoadResult } from './load.ts';

export interface Measured extends LoadResult {
  /** Processor time of the proxy a request, all its threads, in microseconds. */
  readonly cpuUs: number;
}

/** The median of each figure; errors and requests add up. */
export function summarize(all: readonly Measured[]): Measured {
  const pick = (key: keyof Measured): number => median(all.map((each) => each[key]));
  const sum = (key: 'errors' | 'requests'): number => all.reduce((total, each) => total + each[key], 0);
  return {
    requestsPerSecond: pick('requestsPerSecond'),
    requests: sum('requests'),
    p50Ms: pick('p50Ms'),
    p99Ms: pick('p99Ms'),
    errors: sum('errors'),
    cpuUs: pick('cpuUs'),
  };
}

/** How long each connection must think for this rate when an answer takes `answerMs`; wrk knows whole milliseconds. */
export function thinkTimeMs(requestsPerSecond: number, connections: number, answerMs: number): number {
  return Math.max(1, Math.round((connections * 1000) / requestsPerSecond - answerMs));
}

export interface GatewayFigures {
  readonly results: ReadonlyMap<string, Measured>;
  readonly idleMb: number;
  readonly half: { readonly own: LoadResult; readonly origin: LoadResult } | undefined;
  readonly soak: number;
  readonly notMeasured: readonly string[];
}

export function report({ results, idleMb, half, soak, notMeasured }: GatewayFigures): BenchResult {
  const own = results.get('gateway');
  const ratios: Record<string, number> = {
    p99_ms: own?.p99Ms ?? Number.NaN,
    rss_mb_1000_idle: idleMb,
    soak_slope_mb_per_min: soak,
  };
  if (half !== undefined) ratios['added_p50_ms'] = half.own.p50Ms - half.origin.p50Ms;
  for (const [peer, key] of [
    ['haproxy', 'haproxy'],
    ['mitmdump', 'mitmdump'],
    ['portkey', 'portkey'],
    ['litellm', 'litellm'],
    ['bare relay', 'relay'],
  ] as const) {
    const other = results.get(peer);
    if (own === undefined || other === undefined) continue;
    ratios[`gateway/${key}`] = own.requestsPerSecond / other.requestsPerSecond;
    ratios[`${key}_cpu/gateway_cpu`] = other.cpuUs / own.cpuUs;
  }
  const row = (proxy: string, load: string, result: LoadResult): Record<string, string | number> => ({
    proxy,
    load,
    'requests/s': Math.round(result.requestsPerSecond),
    p50_ms: round(result.p50Ms, 2),
    p99_ms: round(result.p99Ms, 2),
    errors: result.errors,
  });
  const rows = [...results].map(([proxy, result]) => ({
    ...row(proxy, 'full', result),
    cpu_us: Math.round(result.cpuUs),
  }));
  const halfRows =
    half === undefined ? [] : [row('gateway', 'half', half.own), row('origin alone', 'half', half.origin)];
  return { name: 'gateway', ratios, rows: [...rows, ...halfRows], notMeasured };
}
