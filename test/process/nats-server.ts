/** A real nats-server for tests, configured as the platform's: own directory, a free port, TLS where asked for. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { renderNatsConfig, type PlatformIdentity, type TenantIdentity } from '../../contract/index.ts';
import { createCa, issueLeaf, PlatformKeys } from '../../pki/index.ts';
import type { NatsAccess } from '../../process/index.ts';

const binary = join(
  process.env['CLRK_CACHE'] ?? join(homedir(), '.cache', 'clrk'),
  'tools/nats-server/2.12.0/nats-server',
);

export class TestNats implements AsyncDisposable {
  /** Made with the first file in it: of a file of tests of which none is run nothing stays. */
  #made: string | undefined;
  #child: ChildProcess | undefined;
  #port = 0;

  readonly keys = new PlatformKeys(randomBytes(32));
  readonly #ca = createCa({ commonName: 'test', years: 1 });
  readonly #tls: boolean;

  readonly #tenants: readonly TenantIdentity[];

  /** `tenants`: pools and gateways that are let in from the start. */
  constructor(options: { readonly tls?: boolean; readonly tenants?: readonly TenantIdentity[] } = {}) {
    this.#tls = options.tls === true;
    this.#tenants = options.tenants ?? [];
  }

  get #folder(): string {
    return (this.#made ??= mkdtempSync(join(tmpdir(), 'clrk-nats-')));
  }

  get url(): string {
    return `${this.#tls ? 'tls' : 'nats'}://127.0.0.1:${this.#port}`;
  }

  get access(): NatsAccess {
    return this.accessOf({ role: 'ingress' });
  }

  accessOf(identity: PlatformIdentity): NatsAccess {
    return { url: this.url, caPem: this.#ca.certificatePem, ...this.keys.natsUser(identity) };
  }

  /** As who pushes claims. */
  get claimsAccess(): NatsAccess {
    return { url: this.url, caPem: this.#ca.certificatePem, ...this.keys.natsClaimsUser() };
  }

  /** Starts, or starts again on the same port and data. */
  async start(): Promise<void> {
    if (this.#port === 0) {
      const probe = createServer().listen(0, '127.0.0.1');
      await once(probe, 'listening');
      this.#port = (probe.address() as AddressInfo).port;
      await new Promise((resolve) => probe.close(resolve));
    }
    const config = join(this.#folder, 'nats.conf');
    const place = {
      serverName: 'test',
      host: '127.0.0.1',
      port: this.#port,
      storeDir: `${this.#folder}/data`,
    };
    const tls = this.#tls ? { tls: this.#certificate() } : {};
    const text = renderNatsConfig({ ...place, ...tls, trust: this.keys.natsTrust(this.#tenants) });
    writeFileSync(config, JSON.stringify({ ...JSON.parse(text), ports_file_dir: this.#folder }), {
      mode: 0o600,
    });
    this.#child = spawn(binary, ['-c', config], { stdio: 'ignore' });
    const deadline = Date.now() + 30_000;
    while (!readdirSync(this.#folder).some((name) => this.#isOurPortsFile(name))) {
      if (Date.now() > deadline) throw new Error('nats-server did not start');
      await sleep(50);
    }
  }

  #certificate(): { readonly certificate: string; readonly privateKey: string } {
    const names = { commonName: 'nats', dnsNames: [], ips: ['127.0.0.1'] };
    const leaf = issueLeaf({ ca: this.#ca, ...names, ttlMs: 3_600_000, usage: 'server' });
    const paths = { certificate: join(this.#folder, 'tls.crt'), privateKey: join(this.#folder, 'tls.key') };
    writeFileSync(paths.certificate, leaf.certificatePem);
    writeFileSync(paths.privateKey, leaf.privateKeyPem, { mode: 0o600 });
    return paths;
  }

  #isOurPortsFile(name: string): boolean {
    return (
      name.endsWith(`_${this.#child?.pid ?? 0}.ports`) && readFileSync(join(this.#folder, name)).length > 0
    );
  }

  /** SIGKILL: as if its machine had gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Comes back without its disk. */
  async startEmpty(): Promise<void> {
    await this.kill();
    rmSync(`${this.#folder}/data`, { recursive: true, force: true });
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true });
  }
}
