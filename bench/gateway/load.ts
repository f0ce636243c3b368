/** wrk against one proxy: the load generator all peers share. It runs in a mount namespace with its own hosts file. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

export interface LoadTarget {
  readonly hostname: string;
  readonly port: number;
  readonly directory: string;
  readonly seconds: number;
}

/** 1 KB of JSON, 16 connections (design 9). */
export const connections = 16;
const content = 'x'.repeat(1024 - 73);
export const requestBody = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] });

function toMs(text: string | undefined): number {
  const match = /([\d.]+)(us|ms|s)/.exec(text ?? '');
  if (match === null) return Number.NaN;
  return Number(match[1]) * (match[2] === 'us' ? 0.001 : match[2] === 's' ? 1000 : 1);
}

export function runLoad({ hostname, port, directory, seconds }: LoadTarget): LoadResult {
  writeFileSync(`${directory}/hosts`, `127.0.0.1 ${hostname} localhost\n`);
  writeFileSync(
    `${directory}/post.lua`,
    `wrk.method = "POST"\nwrk.body = [[${requestBody}]]\nwrk.headers["Host"] = "${hostname}"\nwrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer placeholder"\n`,
  );
  const wrk = `wrk -t1 -c${connections} -d${seconds}s --latency -s ${directory}/post.lua https://${hostname}:${port}/v1/chat/completions`;
  const script = `mount --bind ${directory}/hosts /etc/hosts && exec ${wrk}`;
  const out = execFileSync('unshare', ['-m', 'sh', '-c', script], { encoding: 'utf8' });
  const number = (pattern: RegExp): number => Number(pattern.exec(out)?.[1] ?? 0);
  return {
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    p50Ms: toMs(/50%\s+(\S+)/.exec(out)?.[1]),
    p99Ms: toMs(/99%\s+(\S+)/.exec(out)?.[1]),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + number(/Socket errors:.*read (\d+)/),
  };
}
