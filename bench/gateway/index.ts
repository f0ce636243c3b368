/**
 * The gateway beside haproxy (one thread), mitmdump, Portkey and LiteLLM under one load: TLS on both sides, a 1 KB JSON POST, 16 connections,
 * nginx as the origin, wrk as the generator, all on the same cores at the same time. Needs root; what is missing it installs
 * (install.ts). Beside the rate it tells the processor time a call, which a busy machine distorts least.
 */
import { execFileSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { createTestCa, issueTestLeaf, type TestCa } from '../../test/egress/test-ca.ts';
import type { BenchResult } from '../result.ts';
import { slope, type Point } from '../statistics.ts';
import { createGatewayConfig } from './gateway-config.ts';
import type { BenchGateway } from './gateway-process.ts';
import { installPackages, isInstalled } from '../packages.ts';
import { installLitellm, installMitmdump, installPortkey } from './install.ts';
import { connections, runLoad, type LoadResult, type LoadTarget } from './load.ts';
import {
  litellmKey,
  portkeyHeaders,
  startOwn,
  startHaproxy,
  startLitellm,
  startMitmdump,
  startOrigin,
  startPortkey,
  stopProcess,
  type Place,
} from './peers.ts';
import { cpuMs, residentMb } from '../process-usage.ts';
import { report, summarize, thinkTimeMs, type Measured } from './summary.ts';

const hostname = 'api.openai.com';
const seconds = Number(process.env['CLRK_BENCH_SECONDS'] ?? 6);
const rounds = 3;
const warmUpSeconds = 4;
const soakSeconds = Number(process.env['CLRK_BENCH_SOAK_SECONDS'] ?? 60);
/** Only these, by name and comma (`haproxy,bare relay`): for a quick look while one works on the gateway. */
const wanted = process.env['CLRK_BENCH_PEERS']?.split(',');
// Policy refuses loopback, rightly, so the origin gets a TEST-NET-1 address of its own.
const originIp = '192.0.2.253';
const port = {
  origin: 19443,
  haproxy: 19444,
  mitmdump: 19445,
  gateway: 19446,
  otlp: 19447,
  relay: 19448,
  portkey: 19449,
  litellm: 19450,
} as const;

interface Target {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Where its load differs from the others'. */
  readonly asked?: Pick<LoadTarget, 'plain' | 'headers'>;
}

function progress(what: string): void {
  process.stderr.write(`bench gateway: ${what}\n`);
}

/** Rounds alternate between the peers, so that a busy moment hits all of them. */
async function measure(directory: string, targets: readonly Target[]): Promise<Map<string, Measured>> {
  const results = new Map<string, Measured[]>();
  for (const { port: warmed, asked } of targets)
    await runLoad({ hostname, port: warmed, directory, seconds: warmUpSeconds, ...asked });
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, port: target, pid, asked } of targets) {
      progress(`round ${round + 1} of ${rounds}: ${name}`);
      const before = cpuMs(pid);
      const result = await runLoad({ hostname, port: target, directory, seconds, ...asked });
      const cpuUs = ((cpuMs(pid) - before) * 1000) / result.requests;
      results.set(name, [...(results.get(name) ?? []), { ...result, cpuUs }]);
    }
  }
  return new Map([...results].map(([name, all]) => [name, summarize(all)]));
}

/** Half of the load it can take, as think time of each connection; beside the origin asked the same way. */
async function measureHalfLoad(
  directory: string,
  own: Measured,
): Promise<{ own: LoadResult; origin: LoadResult }> {
  const thinkMs = thinkTimeMs(own.requestsPerSecond / 2, connections, own.p50Ms / 2);
  const paced = { hostname, directory, seconds, thinkMs };
  progress(`half load (${thinkMs} ms between requests), gateway and origin`);
  return {
    own: await runLoad({ ...paced, port: port.gateway }),
    origin: await runLoad({ ...paced, host: originIp, port: port.origin }),
  };
}

/** Resident memory under load, a sample a second; the first half is warm-up. */
async function measureSoak(directory: string, pid: number): Promise<number> {
  progress(`soak of ${soakSeconds} s`);
  const samples: Point[] = [];
  const startedAt = performance.now();
  const sampler = setInterval(() => {
    samples.push({ x: (performance.now() - startedAt) / 60_000, y: residentMb(pid) });
  }, 1_000);
  try {
    await runLoad({ hostname, port: port.gateway, directory, seconds: soakSeconds, thinkMs: 2 });
  } finally {
    clearInterval(sampler);
  }
  return slope(samples.slice(Math.floor(samples.length / 2)));
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
  const resident = residentMb(child.pid ?? 0);
  for (const socket of sockets) socket.destroy();
  return resident;
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
  const missing = installPackages({
    nginx: 'nginx-light',
    wrk: 'wrk',
    haproxy: 'haproxy',
    unshare: 'util-linux',
    ip: 'iproute2',
  }).filter((command) => command !== 'haproxy');
  if (missing.length > 0) throw new Error(`this bench needs ${missing.join(', ')}`);
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

interface Peer {
  readonly name: string;
  readonly port: number;
  /** Undefined: it cannot be had here. */
  readonly start: () => Promise<ChildProcess> | undefined;
  readonly asked?: Target['asked'];
}

function peersOf(place: (listenPort: number) => Place, file: string): Peer[] {
  const from = <T>(found: T | undefined, start: (found: T) => Promise<ChildProcess>) =>
    found === undefined ? undefined : start(found);
  return [
    {
      name: 'haproxy',
      port: port.haproxy,
      start: () => (isInstalled('haproxy') ? startHaproxy(place(port.haproxy)) : undefined),
    },
    { name: 'bare relay', port: port.relay, start: () => startOwn('relay', port.relay, file) },
    {
      name: 'mitmdump',
      port: port.mitmdump,
      start: () => from(installMitmdump(), (found) => startMitmdump(place(port.mitmdump), found)),
    },
    {
      name: 'portkey',
      port: port.portkey,
      start: () => from(installPortkey(), (found) => startPortkey(place(port.portkey), found)),
      asked: { plain: true, headers: portkeyHeaders(place(port.portkey)) },
    },
    {
      name: 'litellm',
      port: port.litellm,
      start: () => from(installLitellm(), (found) => startLitellm(place(port.litellm), found)),
      asked: { plain: true, headers: { Authorization: `Bearer ${litellmKey}` } },
    },
  ];
}

/** A peer that cannot be had is left out by name. */
async function startPeers(
  place: (listenPort: number) => Place,
  file: string,
  children: ChildProcess[],
): Promise<{ readonly peers: Target[]; readonly notMeasured: string[] }> {
  const peers: Target[] = [];
  const notMeasured: string[] = [];
  for (const { name, port: listenPort, start, asked: how } of peersOf(place, file)) {
    const child = wanted === undefined || wanted.includes(name) ? await start() : undefined;
    if (child === undefined) {
      notMeasured.push(`gateway/${name} (not installed, or not asked for)`);
      continue;
    }
    children.push(child);
    peers.push({ name, port: listenPort, pid: child.pid ?? 0, ...(how === undefined ? {} : { asked: how }) });
  }
  return { peers, notMeasured };
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
  const input: BenchGateway & { readonly relayPort: number; readonly originIp: string } = {
    relayPort: port.relay,
    originIp,
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
  const gateway = await startOwn('gateway', port.gateway, file);
  children.push(gateway);
  progress('1,000 idle connections');
  const idleMb = await idleMemory(gateway, 1000, ca.certificatePem);
  const own: Target = { name: 'gateway', port: port.gateway, pid: gateway.pid ?? 0 };
  const { peers, notMeasured } = await startPeers(place, file, children);
  const results = await measure(directory, [own, ...peers]);
  const measured = results.get('gateway');
  const half = measured === undefined ? undefined : await measureHalfLoad(directory, measured);
  const soak = soakSeconds > 0 ? await measureSoak(directory, gateway.pid ?? 0) : Number.NaN;
  rmSync(file, { force: true });
  for (const program of ['gateway', 'relay']) rmSync(`${file}.${program}`, { recursive: true, force: true });
  return report({ results, idleMb, half, soak, notMeasured });
}
