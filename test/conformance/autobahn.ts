/**
 * Autobahn's WebSocket suite (fuzzing client) against an echo server, directly and through the gateway: no case may end worse
 * through it. The suite is a program for Python 2.7, installed from PyPI into the cache.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultCacheRoot } from '../../local/tools/tool-store.mjs';
import { listen, openConformanceBed, suiteHost, upstreamIp } from './bed.ts';
import type { SuiteResult } from './result.ts';

const version = '25.10.1';
/** Messages of megabytes, and compression, which the gateway does not let be negotiated. */
const excluded = ['9.*', '12.*', '13.*'];
const program = [
  'import site, sys',
  'site.addsitedir(sys.argv[1])',
  "sys.argv = ['wstest'] + sys.argv[2:]",
  'from autobahntestsuite.wstest import run',
  'run()',
].join('\n');

function findPython(): string | undefined {
  const versions = join(homedir(), '.pyenv', 'versions');
  const own = existsSync(versions) ? readdirSync(versions).filter((name) => name.startsWith('2.7')) : [];
  const paths = [...own.map((name) => join(versions, name, 'bin', 'python')), '/usr/bin/python2.7'];
  return paths.find((path) => existsSync(path));
}

function finished(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function provideSuite(python: string): Promise<string> {
  const site = join(defaultCacheRoot(), 'tools', 'autobahntestsuite', version);
  if (existsSync(join(site, 'autobahntestsuite'))) return site;
  mkdirSync(site, { recursive: true });
  const args = ['-m', 'pip', 'install', '-q', '--target', site, `autobahntestsuite==${version}`];
  if ((await finished(spawn(python, args, { stdio: 'ignore' }))) !== 0) {
    throw new Error(`pip could not install autobahntestsuite ${version} for ${python}`);
  }
  return site;
}

/** From best to worst. */
const verdicts = [
  'OK',
  'INFORMATIONAL',
  'NON-STRICT',
  'UNIMPLEMENTED',
  'UNCLEAN',
  'WRONG CODE',
  'FAILED BY CLIENT',
  'FAILED',
];

interface Verdict {
  readonly behavior: string;
  readonly behaviorClose: string;
}
type Report = Readonly<Record<string, Readonly<Record<string, Verdict>>>>;

function rank(verdict: string): number {
  const at = verdicts.indexOf(verdict);
  return at < 0 ? verdicts.length : at;
}

/** Cases whose result through the gateway is worse than without it. */
export function compareReports(report: Report): string[] {
  const { direct = {}, gateway = {} } = report;
  return Object.entries(direct).flatMap(([id, base]) => {
    const ours = gateway[id];
    if (ours === undefined) return [`${id}: did not run`];
    const isWorse =
      rank(ours.behavior) > rank(base.behavior) || rank(ours.behaviorClose) > rank(base.behaviorClose);
    const text = `${id}: ${base.behavior}/${base.behaviorClose} alone, ${ours.behavior}/${ours.behaviorClose} through`;
    return isWorse ? [text] : [];
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, '127.0.0.1');
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The echo server takes its port on every address, the gateway wants its own port of the same number: bytes as they come. */
function forwardTo(port: number): Server {
  return createServer({ allowHalfOpen: true }, (from) => {
    const to = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    from.pipe(to).pipe(from);
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
  });
}

async function untilListening(port: number): Promise<void> {
  for (let turn = 0; turn < 600; turn += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the echo server did not start');
}

/** undefined: there is no Python 2.7 here. */
export async function runAutobahn(): Promise<SuiteResult | undefined> {
  const python = findPython();
  if (python === undefined) return undefined;
  const site = await provideSuite(python);
  const folder = mkdtempSync(join(tmpdir(), 'clrk-autobahn-'));
  const start = (...args: string[]): ChildProcess =>
    spawn(python, ['-c', program, site, ...args], { cwd: folder, stdio: 'ignore' });
  const echoPort = await freePort();
  const echo = start('-m', 'testeeserver', '-w', `ws://127.0.0.1:${echoPort}`);
  const forward = forwardTo(echoPort);
  const port = await listen(forward, upstreamIp);
  const bed = await openConformanceBed(port);
  try {
    await untilListening(echoPort);
    const servers = [
      { agent: 'direct', url: `ws://${upstreamIp}:${port}` },
      { agent: 'gateway', url: `ws://${suiteHost}:${port}` },
    ];
    const spec = {
      outdir: join(folder, 'report'),
      servers,
      cases: ['*'],
      'exclude-cases': excluded,
      'exclude-agent-cases': {},
    };
    writeFileSync(join(folder, 'spec.json'), JSON.stringify(spec));
    await finished(start('-m', 'fuzzingclient', '-s', join(folder, 'spec.json')));
    const report = JSON.parse(readFileSync(join(folder, 'report', 'index.json'), 'utf8')) as Report;
    const total = Object.keys(report['direct'] ?? {}).length;
    const worse = [...compareReports(report), ...(total < 200 ? [`the suite ran ${total} cases only`] : [])];
    const summary = `${total} cases, each alone and through the gateway (without ${excluded.join(', ')})`;
    return { name: 'autobahn', summary, worse, broken: bed.broken.length };
  } finally {
    echo.kill();
    await bed.close();
    forward.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
