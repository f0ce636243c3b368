/** A real nats-server with JetStream for tests: own directory, a free port it picks itself, one user. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const binary = join(
  process.env['CLRK_CACHE'] ?? join(homedir(), '.cache', 'clrk'),
  'tools/nats-server/2.12.0/nats-server',
);
const user = 'ingress';
const password = 'only-for-this-test';

export class TestNats implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'clrk-nats-'));
  #child: ChildProcess | undefined;
  #port = 0;

  get access(): { readonly url: string; readonly user: string; readonly password: string } {
    return { url: `nats://127.0.0.1:${this.#port}`, user, password };
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
    writeFileSync(
      config,
      `listen: "127.0.0.1:${this.#port}"\nports_file_dir: "${this.#folder}"\n` +
        `jetstream { store_dir: "${this.#folder}/data", sync_interval: always }\n` +
        `authorization { user: ${user}, password: "${password}" }\n`,
      { mode: 0o600 },
    );
    this.#child = spawn(binary, ['-c', config], { stdio: 'ignore' });
    const deadline = Date.now() + 30_000;
    while (!readdirSync(this.#folder).some((name) => this.#isOurPortsFile(name))) {
      if (Date.now() > deadline) throw new Error('nats-server did not start');
      await sleep(50);
    }
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
