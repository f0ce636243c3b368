/** A real nats-server for tests: file storage synced on every write, own directory, any free port, one a caller. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';

const binary = join(homedir(), '.cache/clrk/tools/nats-server/2.12.0/nats-server');

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'clrk-test-nats-'));
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<NatsServer> {
    const server = new NatsServer(await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const config = join(this.#directory, 'nats.conf');
    writeFileSync(
      config,
      `listen: "127.0.0.1:${this.port}"\njetstream { store_dir: "${this.#directory}/js", sync_interval: always }\n`,
    );
    const child = spawn(binary, ['-c', config, '-l', join(this.#directory, 'log')], { stdio: 'ignore' });
    this.#child = child;
    const deadline = Date.now() + 15_000;
    for (;;) {
      try {
        const connection = await this.connect({ reconnect: false, timeout: 500 });
        await connection.jetstreamManager();
        await connection.close();
        return;
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`${String(error)}: ${this.log()}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  connect(options: { reconnect?: boolean; timeout?: number } = {}): Promise<NatsConnection> {
    return connect({
      servers: this.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      waitOnFirstConnect: options.reconnect ?? true,
      ...options,
    });
  }

  log(): string {
    return readFileSync(join(this.#directory, 'log'), 'utf8');
  }

  /** SIGKILL: no chance to flush anything. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
