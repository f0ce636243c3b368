/**
 * A real etcd and kube-apiserver whose aggregation layer is on: a front-proxy certificate, request headers, users by token.
 * Own directory, free ports on loopback; everything it started ends with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { createCa, issueLeaf } from '../../../pki/index.ts';
import { kubeCaller, type KubeCaller } from '../../../process/index.ts';
import { until } from '../embedded.ts';
import { freePort } from '../nats-server.ts';

const cache = join(process.env['CLRK_CACHE'] ?? join(homedir(), '.cache', 'clrk'), 'tools');
const tool = (name: string, version: string): string => join(cache, name, version, name);
const hourMs = 3600_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class AggregatingApiServer implements AsyncDisposable {
  readonly frontProxyCa = createCa({ commonName: 'front-proxy-ca', years: 1 });
  readonly folder = mkdtempSync(join(tmpdir(), 'clrk-aggregated-'));
  readonly #children: ChildProcess[] = [];
  #port = 0;

  /** Names of users, each with groups; the name is the token, too. */
  async start(users: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
    this.#port = port;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#file('sa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    const client = issueLeaf({
      ca: this.frontProxyCa,
      commonName: 'front-proxy-client',
      dnsNames: [],
      ips: [],
      ttlMs: hourMs,
      usage: 'client',
    });
    this.#file('front-proxy-ca.crt', this.frontProxyCa.certificatePem);
    this.#file('front-proxy.crt', client.certificatePem);
    this.#file('front-proxy.key', client.privateKeyPem);
    const lines = Object.entries(users).map(
      ([name, groups]) => `${name},${name},${name},"${groups.join(',')}"`,
    );
    this.#file('tokens.csv', `${lines.join('\n')}\n`);
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    this.#spawn(tool('etcd', '3.6.5'), [
      ...['--data-dir', join(this.folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
      ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl, '--listen-peer-urls', peerUrl],
      ...['--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
    ]);
    this.#spawn(tool('kube-apiserver', '1.34.2'), [
      `--etcd-servers=${etcdUrl}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${join(this.folder, 'certificates')}`,
      `--token-auth-file=${join(this.folder, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=198.51.100.128/26',
      '--service-account-issuer=https://clrk.test',
      `--service-account-key-file=${join(this.folder, 'sa.key')}`,
      `--service-account-signing-key-file=${join(this.folder, 'sa.key')}`,
      '--disable-admission-plugins=ServiceAccount',
      `--requestheader-client-ca-file=${join(this.folder, 'front-proxy-ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-username-headers=X-Remote-User',
      `--proxy-client-cert-file=${join(this.folder, 'front-proxy.crt')}`,
      `--proxy-client-key-file=${join(this.folder, 'front-proxy.key')}`,
    ]);
    await until(
      'the API server is ready',
      async () => (await this.kubectl('admin', ['get', 'ns', 'default'])).code === 0,
      90_000,
    );
  }

  config(user: string): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'c', server: `https://127.0.0.1:${this.#port}`, skipTLSVerify: true },
      { name: user, token: user },
    );
    return config;
  }

  caller(user: string): KubeCaller {
    return kubeCaller(() => this.config(user));
  }

  /** Stock kubectl, as this user. `onLine`: of what it prints, until it ends. */
  async kubectl(
    user: string,
    args: readonly string[],
    options: {
      readonly stdin?: string;
      readonly signal?: AbortSignal;
      readonly onText?: (text: string) => void;
    } = {},
  ): Promise<Ran> {
    const kubeconfig = join(this.folder, `${user.replaceAll(':', '_')}.kubeconfig`);
    if (!existsSync(kubeconfig)) writeFileSync(kubeconfig, this.config(user).exportConfig(), { mode: 0o600 });
    const child = spawn(tool('kubectl', '1.34.2'), [`--cache-dir=${join(this.folder, 'cache')}`, ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig, HOME: this.folder },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    options.signal?.addEventListener('abort', () => child.kill('SIGKILL'));
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      options.onText?.(stdout);
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.end(options.stdin ?? '');
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? -1, stdout, stderr };
  }

  async apply(objects: readonly object[]): Promise<void> {
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const ran = await this.kubectl('admin', ['apply', '--server-side', '-f', '-'], { stdin });
    if (ran.code !== 0) throw new Error(ran.stderr);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #file(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text, { mode: 0o600 });
  }

  #spawn(command: string, args: readonly string[]): void {
    this.#children.push(spawn(command, args, { stdio: 'ignore' }));
  }
}
