/**
 * h2spec (RFC 9113 from the outside) against the gateway and, in the same run, against node:http2 alone, on which the gateway's
 * HTTP/2 stands: what fails there only is ours.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp2, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultCacheRoot } from '../../local/tools/tool-store.mjs';
import { listen, openConformanceBed, suiteHost, upstreamIp } from './bed.ts';
import type { SuiteResult } from './result.ts';

const version = '2.2.1';

function run(command: string, args: readonly string[], cwd?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'ignore', ...(cwd === undefined ? {} : { cwd }) });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** From the cache, else built from the pinned module beside this file. */
async function provideH2spec(): Promise<string> {
  const path = join(defaultCacheRoot(), 'tools', 'h2spec', version, 'h2spec');
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const module = join(dirname(fileURLToPath(import.meta.url)), 'h2spec-module');
  const args = ['build', '-mod=readonly', '-trimpath', '-o', path, 'github.com/summerwind/h2spec/cmd/h2spec'];
  if ((await run('go', args, module)) !== 0) throw new Error('h2spec cannot be built: go build failed');
  return path;
}

/** Names of the cases of a JUnit report that failed, and how many there are. */
export function readReport(xml: string): { readonly total: number; readonly failed: readonly string[] } {
  const cases = [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*?(\/>|>)/g)];
  const failed = cases.flatMap((match, index) => {
    const end = cases[index + 1]?.index ?? xml.length;
    const inside = xml.slice(match.index + match[0].length, end);
    const isFailed = match[3] === '>' && /<(?:failure|error)\b/.test(inside);
    return isFailed ? [`${match[1] ?? ''} ${match[2] ?? ''}`] : [];
  });
  return { total: cases.length, failed };
}

async function judge(h2spec: string, host: string, port: number): Promise<ReturnType<typeof readReport>> {
  const folder = mkdtempSync(join(tmpdir(), 'clrk-h2spec-'));
  const report = join(folder, 'report.xml');
  try {
    await run(h2spec, ['-h', host, '-p', String(port), '-o', '4', '-j', report]);
    return readReport(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Hello {
  readonly server: Http2Server;
  close(): void;
}

function serveHello(): Hello {
  const server = createHttp2();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'text/plain' });
    stream.end('hello from upstream');
  });
  return {
    server,
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

export async function runH2spec(): Promise<SuiteResult> {
  const h2spec = await provideH2spec();
  const upstream = serveHello();
  const alone = serveHello();
  const port = await listen(upstream.server, upstreamIp);
  const bed = await openConformanceBed(port);
  try {
    const base = await judge(h2spec, '127.0.0.1', await listen(alone.server, '127.0.0.1'));
    const ours = await judge(h2spec, suiteHost, port);
    const worse = ours.failed.filter((name) => !base.failed.includes(name));
    return {
      name: 'h2spec',
      summary: `${ours.total} cases; ${base.failed.length} fail with node:http2 alone, ${ours.failed.length} through the gateway`,
      worse: [...worse, ...(ours.total < 100 ? ['the suite did not run'] : [])],
      broken: bed.broken.length,
    };
  } finally {
    await bed.close();
    upstream.close();
    alone.close();
  }
}
