/** wrk against one proxy: the load generator all peers share. It runs in a mount namespace with its own hosts file. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

export interface LoadTarget {
  readonly hostname: string;
  /** Default: loopback. */
  readonly host?: string;
  readonly port: number;
  readonly directory: string;
  readonly seconds: number;
  readonly thinkMs?: number;
  /** Plain HTTP, for a peer that ends no TLS. */
  readonly plain?: boolean;
  /** Instead of, or besides, the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** 1 KB of JSON, 16 connections. */
export const connections = 16;
const content = 'x'.repeat(1024 - 65);
export const requestBody = JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] });

function toMs(text: string | undefined): number {
  const match = /([\d.]+)(us|ms|s)/.exec(text ?? '');
  if (match === null) return Number.NaN;
  return Number(match[1]) * (match[2] === 'us' ? 0.001 : match[2] === 's' ? 1000 : 1);
}

/** Each connection thinks this long between an answer and its next request; 0: none. */
export function renderScript(
  hostname: string,
  thinkMs: number,
  headers: Readonly<Record<string, string>> = {},
): string {
  const all = {
    Host: hostname,
    'Content-Type': 'application/json',
    Authorization: 'Bearer placeholder',
    ...headers,
  };
  const lines = [
    'wrk.method = "POST"',
    `wrk.body = [[${requestBody}]]`,
    ...Object.entries(all).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`),
  ];
  if (thinkMs > 0) lines.push(`function delay() return ${thinkMs} end`);
  return `${lines.join('\n')}\n`;
}

/** What a run of wrk printed. */
export function parseReport(out: string): LoadResult {
  const number = (pattern: RegExp): number => Number(pattern.exec(out)?.[1] ?? 0);
  return {
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    requests: number(/(\d+) requests in/),
    p50Ms: toMs(/^\s+50%\s+(\S+)/m.exec(out)?.[1]),
    p99Ms: toMs(/^\s+99%\s+(\S+)/m.exec(out)?.[1]),
    errors: number(/Non-2xx or 3xx responses: (\d+)/) + number(/Socket errors:.*read (\d+)/),
  };
}

/** Asynchronous, so that whoever measures can look at processes meanwhile. */
export async function runLoad(target: LoadTarget): Promise<LoadResult> {
  const { hostname, host = '127.0.0.1', port, directory, seconds, thinkMs = 0, headers = {} } = target;
  writeFileSync(`${directory}/hosts`, `${host} ${hostname}\n127.0.0.1 localhost\n`);
  writeFileSync(`${directory}/post.lua`, renderScript(hostname, thinkMs, headers));
  const wrk = `wrk -t1 -c${connections} -d${seconds}s --latency -s ${directory}/post.lua ${target.plain === true ? 'http' : 'https'}://${hostname}:${port}/v1/chat/completions`;
  const script = `mount --bind ${directory}/hosts /etc/hosts && exec ${wrk}`;
  const { stdout } = await execute('unshare', ['-m', 'sh', '-c', script]);
  return parseReport(stdout);
}
