/**
 * The gateway beside haproxy (one thread) and mitmdump under one load: TLS on both sides, a 1 KB JSON POST, 16 connections,
 * nginx as the origin, wrk as the generator, all on the same cores at the same time. Needs root, nginx and wrk; peers that
 * are not installed are left out and said so.
 */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { createTestCa, issueTestLeaf, type TestCa } from '../../test/egress/test-ca.ts';
import type { BenchResult } from '../result.ts';
import { createGatewayConfig } from './gateway-config.ts';
import type { BenchGateway } from './gateway-process.ts';
import { runLoad, type LoadResult } from './load.ts';
import {
  isInstalled,
  startGateway,
  startHaproxy,
  startMitmdump,
  startOrigin,
  stopProcess,
  type Place,
} from './peers.ts';

const hostname = 'api.openai.com';
const seconds = Number(process.env['CLRK_BENCH_SECONDS'] ?? 6);
const rounds = 3;
const mitmdump = process.env['CLRK_BENCH_MITMDUMP'] ?? 'mitmdump';
// Policy refuses loopback, rightly, so the origin gets a TEST-NET-1 address of its own.
const originIp = '192.0.2.253';
const port = { origin: 19443, haproxy: 19444, mitmdump: 19445, gateway: 19446, otlp: 19447 } as const;

function progress(what: string): void {
  process.stderr.write(`bench gateway: ${what}\n`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Rounds alternate between the peers, so that a busy moment hits all of them. */
function measure(
  directory: string,
  targets: ReadonlyArray<readonly [string, number]>,
): Map<string, LoadResult> {
  const results = new Map<string, LoadResult[]>();
  for (const [, target] of targets) runLoad({ hostname, port: target, directory, seconds: 2 });
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, target] of targets) {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      const result = runLoad({ hostname, port: target, directory, seconds });
      results.set(name, [...(results.get(name) ?? []), result]);
    }
  }
  const pick = (all: readonly LoadResult[], key: keyof LoadResult): number =>
    median(all.map((result) => result[key]));
  return new Map(
    [...results].map(([name, all]) => [
      name,
      {
        requestsPerSecond: pick(all, 'requestsPerSecond'),
        p50Ms: pick(all, 'p50Ms'),
        p99Ms: pick(all, 'p99Ms'),
        errors: all.reduce((sum, result) => sum + result.errors, 0),
      },
    ]),
  );
}

async function idleMemory(child: ChildProcess, count: number, ca: string): Promise<number> {
  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: port.gateway, servername: hostname, ca });
    socket.on('error', () => socket.destroy());
    await new Promise((resolve) => socket.once('secureConnect', resolve).once('close', resolve));
    return socket;
  };
  const sockets: Socket[] = [];
  while (sockets.length < count) sockets.push(...(await Promise.all(Array.from({ length: 50 }, open))));
  const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  for (const socket of sockets) socket.destroy();
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

export function writeCertificates(directory: string, ca: TestCa, leaf: TestCa): void {
  const files = {
    'ca.pem': ca.certificatePem,
    'leaf.pem': leaf.certificatePem,
    'leaf.key': leaf.privateKeyPem,
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  writeFileSync(join(directory, 'bundle.pem'), leaf.certificatePem + leaf.privateKeyPem, { mode: 0o600 });
}

export async function run(): Promise<BenchResult> {
  for (const needed of ['nginx', 'wrk', 'unshare'])
    if (!isInstalled(needed)) throw new Error(`this bench needs ${needed}`);
  const directory = mkdtempSync(join(tmpdir(), 'clrk-bench-gateway-'));
  // nginx workers run as another user.
  execFileSync('chmod', ['755', directory]);
  execFileSync('ip', ['addr', 'replace', `${originIp}/32`, 'dev', 'lo']);
  const children: ChildProcess[] = [];
  try {
    return await compare(directory, children);
  } finally {
    await Promise.all(children.map(stopProcess));
    execFileSync('ip', ['addr', 'del', `${originIp}/32`, 'dev', 'lo']);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function compare(directory: string, children: ChildProcess[]): Promise<BenchResult> {
  const ca = createTestCa('bench');
  const leaf = issueTestLeaf(ca, [hostname]);
  writeCertificates(directory, ca, leaf);
  const place = (listenPort: number): Place => ({
    directory,
    hostname,
    originIp,
    originPort: port.origin,
    listenPort,
  });
  children.push(await startOrigin(place(0), port.otlp));
  const frameKey = randomBytes(32);
  const input: BenchGateway = {
    config: createGatewayConfig({ ca, frameKey, hostname, originIp }),
    leaf,
    listenPort: port.gateway,
    upstreamPort: port.origin,
    hostname,
    frameKeyBase64: frameKey.toString('base64'),
    otlp: `http://127.0.0.1:${port.otlp}`,
  };
  // In the repository so that the bundle finds node_modules; removed with the build folder.
  const file = join(import.meta.dirname, '../../build/bench-gateway.json');
  execFileSync('mkdir', ['-p', join(file, '..')]);
  writeFileSync(file, JSON.stringify(input), { mode: 0o600 });
  const gateway = await startGateway(port.gateway, file);
  children.push(gateway);
  progress('1,000 idle connections');
  const idleMb = await idleMemory(gateway, 1000, ca.certificatePem);
  const targets: Array<readonly [string, number]> = [['gateway', port.gateway]];
  const notMeasured = [
    'gateway/portkey, gateway/litellm (not installed by this bench)',
    'added_p50_ms at half load (wrk has no fixed rate)',
    'soak_slope_mb_per_min',
  ];
  if (isInstalled('haproxy')) {
    children.push(await startHaproxy(place(port.haproxy)));
    targets.push(['haproxy', port.haproxy]);
  } else notMeasured.push('gateway/haproxy (haproxy is not installed)');
  if (isInstalled(mitmdump)) {
    children.push(await startMitmdump(place(port.mitmdump), mitmdump));
    targets.push(['mitmdump', port.mitmdump]);
  } else notMeasured.push('gateway/mitmdump (mitmdump is not installed; set CLRK_BENCH_MITMDUMP)');
  const results = measure(directory, targets);
  rmSync(file, { force: true });
  rmSync(`${file}.mjs`, { force: true });
  return report(results, idleMb, notMeasured);
}

function report(
  results: ReadonlyMap<string, LoadResult>,
  idleMb: number,
  notMeasured: readonly string[],
): BenchResult {
  const own = results.get('gateway');
  const ratios: Record<string, number> = { p99_ms: own?.p99Ms ?? Number.NaN, rss_mb_1000_idle: idleMb };
  for (const peer of ['haproxy', 'mitmdump']) {
    const other = results.get(peer);
    if (own !== undefined && other !== undefined)
      ratios[`gateway/${peer}`] = own.requestsPerSecond / other.requestsPerSecond;
  }
  const rows = [...results].map(([proxy, result]) => ({
    proxy,
    'requests/s': Math.round(result.requestsPerSecond),
    p50_ms: result.p50Ms,
    p99_ms: result.p99Ms,
    errors: result.errors,
  }));
  return { name: 'gateway', ratios, rows, notMeasured };
}
