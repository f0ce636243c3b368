/** git itself, unmodified, through the gateway to a real git-http-backend: what the rules of gitRead and gitWrite are for. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { HttpMatch } from '../../../contract/index.ts';
import { Http } from '../../../constructs/index.ts';
import { host, httpPolicy, httpRoute, match } from '../../decision/http/http-policy.ts';
import { openGatewayBed, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, gatewayCa, secret } from '../gateway-config.ts';

const run = promisify(execFile);
const backend = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');
const folder = mkdtempSync(join(tmpdir(), 'clrk-git-'));
const repositories = join(folder, 'served');
const asked: string[] = [];
let bed: GatewayBed;
let relay: Server;
let relayPort = 0;
const sockets = new Set<Socket>();

/** As a web server runs it: CGI. */
function serveGit(request: IncomingMessage, response: ServerResponse): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? '-'}`);
  const child = spawn(backend, [], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: repositories,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      ...(request.headers['git-protocol'] === undefined
        ? {}
        : { GIT_PROTOCOL: String(request.headers['git-protocol']) }),
      ...(request.headers['content-length'] === undefined
        ? {}
        : { CONTENT_LENGTH: request.headers['content-length'] }),
      REMOTE_USER: 'agent',
      REMOTE_ADDR: '192.0.2.1',
    },
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of all.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')) {
      const [name = '', value = ''] = line.split(': ');
      if (name === 'Status') status = Number.parseInt(value, 10);
      else if (name !== '') response.setHeader(name, value);
    }
    response.statusCode = status;
    response.end(all.subarray(end + 4));
  });
}

/** Git's rules, as a chart writes them, in the gateway's form. */
function compiled(http: Http): HttpMatch[] {
  return http.matches.map((each) =>
    match({
      methods: [...each.methods],
      ...(each.path === undefined ? {} : { path: each.path }),
      queryParams: (each.queryParams ?? []).map(({ name, values = [] }) => ({ name, values: [...values] })),
      contentTypes: [...(each.contentTypes ?? [])],
    }),
  );
}

function allow(http: Http): void {
  bed.configure((ip, port) =>
    createConfig(ip, port, {
      ...httpPolicy([httpRoute(compiled(http))], { port }),
      credentials: [
        {
          policy: { namespace: 'default', name: 'key' },
          target: { kind: 'EgressHTTPRoute', namespace: 'default', name: 'web' },
          inject: { type: 'Header', name: 'Authorization', value: `Basic ${secret}` },
        },
      ],
    }),
  );
}

const git = (place: string, ...args: readonly string[]) =>
  run(
    'git',
    [
      ...['-C', place, '-c', `http.curloptResolve=${host}:${relayPort}:127.0.0.1`],
      ...['-c', `http.sslCAInfo=${join(folder, 'ca.pem')}`, '-c', 'http.proxy='],
      // Over HTTP/2, git before 2.44 may ask itself for more of a large push for ever (git/git#1608).
      ...['-c', 'http.version=HTTP/1.1'],
      ...['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args],
    ],
    {
      env: { PATH: process.env['PATH'], HOME: folder, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
      timeout: 60_000,
    },
  );
const url = (path: string): string => `https://${host}:${relayPort}${path}`;

beforeAll(async () => {
  for (const name of ['acme/web', 'other/web']) {
    const path = join(repositories, name);
    execFileSync('git', ['init', '-q', '--bare', '-b', 'main', path]);
    execFileSync('git', ['-C', path, 'config', 'http.receivepack', 'true']);
  }
  writeFileSync(join(folder, 'ca.pem'), gatewayCa.certificatePem);
  const web = createHttpServer(serveGit);
  let upstreamPort = 0;
  bed = await openGatewayBed({ serve: (socket) => void web.emit('connection', socket) });
  bed.configure((ip, port) => {
    upstreamPort = port;
    return createConfig(ip, port);
  });
  // The worker's part: it hands each connection of the agent to the gateway, with who and whereto.
  relay = createServer((agent) => {
    const gateway = connect({ host: '127.0.0.1', port: bed.port });
    for (const socket of [agent, gateway]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    }
    gateway.write(bed.frame({ hostname: host }));
    agent.pipe(gateway).pipe(agent);
  });
  relayPort = upstreamPort;
  await new Promise<void>((resolve) => relay.listen(relayPort, '127.0.0.1', () => resolve()));
});

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => relay?.close(resolve) ?? resolve(undefined));
  await bed?.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked.length = 0;
});

test('git pushes under gitWrite and clones what it pushed, with a key it never sees', async () => {
  allow(Http.gitWrite('/acme/*'));
  const work = join(folder, 'work');
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  // Above http.postBuffer: git sends it in chunks, of a length it does not say.
  writeFileSync(join(work, 'data.txt'), randomBytes(2_000_000).toString('base64'));
  await git(work, 'add', '.');
  await git(work, 'commit', '-q', '-m', 'first');
  await git(work, 'push', '-q', url('/acme/web'), 'main');
  await git(folder, 'clone', '-q', url('/acme/web'), 'copy');
  const { stdout } = await git(join(folder, 'copy'), 'log', '--format=%s');
  expect(stdout).toBe('first\n');
  expect(asked.length).toBeGreaterThan(3);
  expect(asked.every((line) => line.endsWith(`Basic ${secret}`))).toBe(true);
}, 120_000);

test('under gitRead it clones, and its push ends where the rule does', async () => {
  allow(Http.gitRead('/acme/*'));
  await git(folder, 'clone', '-q', url('/acme/web'), 'second');
  const second = join(folder, 'second');
  writeFileSync(join(second, 'more.txt'), 'more');
  await git(second, 'add', '.');
  await git(second, 'commit', '-q', '-m', 'second');
  asked.length = 0;
  await expect(git(second, 'push', '-q', url('/acme/web'), 'main')).rejects.toThrow(/403/);
  expect(asked).toEqual([]);
  await expect(git(folder, 'clone', '-q', url('/other/web'), 'third')).rejects.toThrow(/403/);
  expect(asked).toEqual([]);
}, 120_000);
