/** What the gateway bench reads from wrk and /proc, and what it makes of it. */
import { expect, test } from 'vitest';
import { parseReport, renderScript, requestBody } from '../../bench/gateway/load.ts';
import { parseCpuMs, parseResidentMb } from '../../bench/process-usage.ts';
import { report, summarize, thinkTimeMs, type Measured } from '../../bench/gateway/summary.ts';

const wrkOutput = `Running 4s test @ https://api.openai.com:19446/v1/chat/completions
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.43ms    1.05ms  24.30ms   91.50%
    Req/Sec    11.96k     1.29k   13.67k    80.99%
  Latency Distribution
     50%    1.92ms
     75%    1.57ms
     90%    2.21ms
     99%  850.00us
  47599 requests in 4.00s, 26.74MB read
  Socket errors: connect 0, read 3, write 0, timeout 0
  Non-2xx or 3xx responses: 4
Requests/sec:  11899.52
Transfer/sec:      6.68MB
`;

test('the report of wrk', () => {
  expect(parseReport(wrkOutput)).toEqual({
    requestsPerSecond: 11899.52,
    requests: 47599,
    p50Ms: 1.92,
    p99Ms: 0.85,
    errors: 7,
  });
});

test('the request is one KB of JSON, and thinks only when told to', () => {
  expect(Buffer.byteLength(requestBody)).toBe(1024);
  expect(renderScript('h', 0)).not.toContain('delay');
  expect(renderScript('h', 3)).toContain('function delay() return 3 end');
});

test('a peer is asked with headers of its own', () => {
  const script = renderScript('h', 0, { Authorization: 'Bearer own', 'x-portkey-provider': 'openai' });
  expect(script.match(/wrk.headers\["Authorization"\]/g)).toHaveLength(1);
  expect(script).toContain('wrk.headers["Authorization"] = "Bearer own"');
  expect(script).toContain('wrk.headers["x-portkey-provider"] = "openai"');
});

test('processor time and memory of a process with an odd name', () => {
  const stat = '42 (a ) b (c)) S 1 1 1 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 7 0 100 1 2';
  expect(parseCpuMs(stat)).toBe(3000);
  expect(parseResidentMb('Name:\tnode\nVmRSS:\t  102400 kB\n')).toBe(100);
});

function measured(requestsPerSecond: number, cpuUs: number): Measured {
  return { requestsPerSecond, requests: 1000, p50Ms: 1, p99Ms: 3, errors: 1, cpuUs };
}

test('a peer is summed up by medians, its errors by their sum', () => {
  expect(summarize([measured(10, 5), measured(30, 7), measured(20, 6)])).toEqual({
    requestsPerSecond: 20,
    requests: 3000,
    p50Ms: 1,
    p99Ms: 3,
    errors: 3,
    cpuUs: 6,
  });
});

test('think time makes the rate', () => {
  expect(thinkTimeMs(4000, 16, 1)).toBe(3);
  expect(thinkTimeMs(1_000_000, 16, 1)).toBe(1);
});

test('ratios: rates as gateway over peer, processor time the other way round', () => {
  const { ratios, rows } = report({
    results: new Map([
      ['gateway', measured(600, 100)],
      ['haproxy', measured(1000, 50)],
    ]),
    idleMb: 120,
    half: { own: { ...measured(300, 0), p50Ms: 1.5 }, origin: { ...measured(300, 0), p50Ms: 0.5 } },
    soak: 0.1,
    notMeasured: [],
  });
  expect(ratios).toEqual({
    p99_ms: 3,
    rss_mb_1000_idle: 120,
    soak_slope_mb_per_min: 0.1,
    added_p50_ms: 1,
    'gateway/haproxy': 0.6,
    'haproxy_cpu/gateway_cpu': 0.5,
  });
  expect(rows).toHaveLength(4);
});
