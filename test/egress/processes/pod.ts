/**
 * A gateway's pod as it is shipped: the real program, started as `clrk egress` with several processes, a real nats-server, and a real
 * TLS upstream. Everything it opens is closed by `close`, which fails when a process of it is left.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { expect, vi } from 'vitest';
import { bundle, provideBundle } from '../../../bin/bundle.mjs';
import {
  encodeIdentityFrame,
  environment as variable,
  gatewayStatusSchema,
  ports,
  type GatewayConfig,
  type GatewayStatus,
  type IdentityFrame,
} from '../../../contract/index.ts';
import {
  connectNats,
  createLog,
  ensureNamespaceBucket,
  openStatusBucket,
  StatusView,
} from '../../../process/index.ts';
import { TestNats } from '../../process/nats-server.ts';
import { addAddress } from '../gateway-bed.ts';
import { createCa } from '../../../pki/index.ts';
import { createConfig, frameKey, hosts, upstreamCa } from '../gateway-config.ts';
import { issueTestLeaf } from '../test-ca.ts';
import { childrenOf, connectionsOf, isRunning } from './process-table.ts';
import { ConfigServer, secretName } from './config-server.ts';

const log = createLog('egress', { CLRK_LOG_LEVEL: 'silent' });
export const soon = { timeout: 60_000, interval: 20 };
const identity = { role: 'egress', namespace: 'default', name: 'main', uid: 'g-1' } as const;

export class Pod {
  /** An address of `lo` of its own: ports of a gateway are fixed. */
  readonly host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(2, 255)}`;
  readonly #folder = mkdtempSync(join(tmpdir(), 'clrk-pod-'));
  readonly #nats = new TestNats({ tenants: [identity] });
  readonly #api = new ConfigServer();
  readonly #ca = createCa({ commonName: 'pod', years: 1 });
  readonly #ends: Array<() => unknown> = [];
  readonly #seen = new Set<number>();
  readonly #dialled: Socket[] = [];
  #upstream = { ip: '', port: 0 };
  #otlpPort = 0;
  #child: ChildProcess | undefined;
  #view: { live(): readonly GatewayStatus[] } = { live: () => [] };

  static async open(serve: (socket: TLSSocket) => void, processes = '2'): Promise<Pod> {
    const pod = new Pod();
    await provideBundle();
    try {
      await pod.#openWorld(serve);
      pod.configure({});
      await pod.start(processes);
      return pod;
    } catch (thrown) {
      await pod.close();
      throw thrown;
    }
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get upstreamPort(): number {
    return this.#upstream.port;
  }

  /** Processes that serve, as the kernel knows them. */
  get members(): readonly number[] {
    const members = childrenOf(this.pid);
    for (const each of members) this.#seen.add(each);
    return members;
  }

  connectionsOf(pid: number): number {
    return connectionsOf(pid, this.host, ports.egressFrame);
  }

  /** What the platform hears of it. */
  get words(): readonly GatewayStatus[] {
    return this.#view.live();
  }

  configure(change: Partial<GatewayConfig>): GatewayConfig {
    const { caPem, ...nats } = this.#nats.accessOf(identity);
    const { ip, port } = this.#upstream;
    const otlp = { endpoint: `http://127.0.0.1:${this.#otlpPort}`, token: 'x' };
    const config = createConfig(ip, port, {
      ...{ ca: this.#ca, platform: { caPem, nats, otlp } },
      ...change,
    });
    this.#api.put(config);
    return config;
  }

  async start(processes: string): Promise<void> {
    const kubeconfig = join(this.#folder, 'kubeconfig');
    writeFileSync(kubeconfig, this.#api.kubeconfig, { mode: 0o600 });
    this.#child = spawn(process.execPath, [bundle, 'egress'], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        [variable.podName]: 'pod-1',
        [variable.podNamespace]: 'default',
        [variable.podIp]: this.host,
        [variable.gatewayName]: 'main',
        [variable.configSecret]: secretName,
        [variable.kubeconfig]: kubeconfig,
        [variable.gatewayProcesses]: processes,
        [variable.logLevel]: process.env['POD_LOG'] ?? 'silent',
      },
    });
    await vi.waitFor(async () => {
      expect(await this.ask('/readyz')).toEqual({ status: 200, text: 'ok' });
      expect(await this.figure('clrk_egress_processes')).toBe(Number(processes));
    }, soon);
  }

  async #openWorld(serve: (socket: TLSSocket) => void): Promise<void> {
    await this.#nats.start();
    const operator = await connectNats(this.#nats.accessOf({ role: 'operator' }), { name: 'test', log });
    await ensureNamespaceBucket(operator, 'budgets', 'default');
    this.#view = new StatusView(await openStatusBucket(operator), 'egress.', gatewayStatusSchema, {
      now: () => performance.now(),
    });
    await this.#api.start();
    const leaf = issueTestLeaf(upstreamCa, hosts);
    const upstream = createTlsServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, (socket) => {
      socket.on('error', () => socket.destroy());
      serve(socket);
    });
    upstream.on('tlsClientError', () => undefined);
    const ip = addAddress();
    upstream.listen(0, ip);
    const telemetry = createHttpServer((request, response) => {
      request.resume().once('end', () => response.end());
    });
    telemetry.listen(0, '127.0.0.1');
    await Promise.all([once(upstream, 'listening'), once(telemetry, 'listening')]);
    this.#upstream = { ip, port: (upstream.address() as AddressInfo).port };
    this.#otlpPort = (telemetry.address() as AddressInfo).port;
    this.#ends.push(
      () => operator.close(),
      () => this.#nats[Symbol.asyncDispose](),
      () => this.#api.stop(),
      () => upstream.close(),
      () => telemetry.close(),
      () => execFileSync('ip', ['addr', 'del', `${ip}/32`, 'dev', 'lo']),
      () => rmSync(this.#folder, { recursive: true, force: true }),
    );
  }

  async ask(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://${this.host}:${ports.health}${path}`);
    return { status: response.status, text: (await response.text()).trim() };
  }

  /** The sum of what /metrics says under this name, of lines that have all of these labels. */
  async figure(name: string, ...labels: readonly string[]): Promise<number> {
    const { text } = await this.ask('/metrics');
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => labels.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  frame(change: Partial<IdentityFrame> = {}): Buffer {
    return encodeIdentityFrame(
      {
        source: { ip: '100.64.0.2', port: 40_000 },
        destination: { ip: '198.18.0.1', port: this.#upstream.port },
        ...{ agentKind: 'TaskAgent', namespace: 'default', name: 'hello', uid: 'u-1' },
        ...{ revision: 'hello-00001', invocationId: 'inv-1', hostname: 'api.openai.com' },
        ...{ pool: 'default/pool', issuedAt: Date.now(), nonce: randomBytes(16).toString('hex') },
        gateway: 'default/main',
        gatewayAddress: `${this.host}:${ports.egressFrame}`,
        ...change,
      },
      frameKey,
    );
  }

  async connect(): Promise<Socket> {
    const socket = connectTcp({ host: this.host, port: ports.egressFrame, noDelay: true });
    this.#dialled.push(socket);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** Ends every connection; resolves when no process has one. */
  async hangUp(): Promise<void> {
    for (const socket of this.#dialled.splice(0)) socket.destroy();
    const isFree = (): boolean => this.members.every((pid) => this.connectionsOf(pid) === 0);
    await vi.waitFor(() => expect(isFree()).toBe(true), soon);
  }

  /** An agent's TLS connection; undefined: it was refused, or closed before it was one. */
  async dial(frame = this.frame()): Promise<TLSSocket | undefined> {
    const socket = await this.connect().catch(() => undefined);
    if (socket === undefined) return undefined;
    socket.write(frame);
    const tls = connectTls({ socket, servername: 'api.openai.com', ca: this.#ca.certificatePem });
    return new Promise((resolve) => {
      tls.once('secureConnect', () => resolve(tls));
      tls.once('close', () => resolve(undefined));
      tls.on('error', () => tls.destroy());
    });
  }

  signal(which: NodeJS.Signals, pid = this.pid): void {
    process.kill(pid, which);
  }

  /** Whether the process that listens lives. */
  get isUp(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The exit code of the process that listens, when all others are gone too. */
  async ended(): Promise<number | null> {
    const members = [...this.members];
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null)
      await once(child, 'exit');
    await vi.waitFor(() => expect(members.filter(isRunning)).toEqual([]), soon);
    return child?.exitCode ?? null;
  }

  async close(): Promise<void> {
    if (this.isUp) this.signal('SIGTERM');
    await this.ended();
    const left = [...this.#seen].filter(isRunning);
    for (const pid of left) this.signal('SIGKILL', pid);
    for (const end of this.#ends.splice(0)) await end();
    expect(left).toEqual([]);
  }
}
