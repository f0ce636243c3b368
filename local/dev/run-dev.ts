/**
 * `clrk dev`: the platform in the foreground, from nothing to ready, until Ctrl-C (once: in order; twice: now). Whatever
 * goes wrong, what was started is stopped again.
 */
import { ClrkError, renderError, systemNamespace } from '../../contract/index.ts';
import type { RunningProvider } from '../../examples/provider/index.ts';
import { DevStateFile } from '../dev-state.ts';
import { homeFromEnvironment, type Home } from '../home.ts';
import { Platform } from '../platform.ts';
import { requireHome, requireMachine } from '../preflight/machine.ts';
import { bundlePath, repositoryRoot } from '../root.ts';
import { computeSubnet, defaultSubnet, type Subnet } from '../subnet.ts';
import { provideTools } from '../tool-paths.ts';
import { Progress } from '../tools/progress.mjs';
import { awaitCondition } from './await-ready.ts';
import { openDevLog, type DevLog } from './dev-log.ts';
import type { DevOptions } from './dev-options.ts';
import { parseExampleName, prepareExampleImage, type ExampleImage } from './example-image.ts';
import { installProviderKey, requireProviderKey, startStandIn } from './example-provider.ts';
import { awaitExample, callOnce, installExample, showCall, type ExampleInput } from './example.ts';
import { installPlatform } from './install.ts';
import { onInterruption } from './interruption.ts';

const deployments = ['clrk-operator', 'clrk-ingress', 'clrk-telemetry'] as const;
const deploymentTimeoutMs = 90_000;

class DevRun {
  readonly #options: DevOptions;
  readonly #home: Home;
  readonly #subnet: Subnet;
  readonly #progress = new Progress();
  readonly #abort = new AbortController();
  readonly #log: DevLog;
  readonly #state: DevStateFile;
  #platform: Platform | undefined;
  #provider: RunningProvider | undefined;

  constructor(options: DevOptions) {
    this.#options = options;
    this.#home = homeFromEnvironment(options.environment);
    this.#subnet = computeSubnet(options.subnet ?? defaultSubnet);
    this.#log = openDevLog(this.#home, (text) => this.#progress.say(text));
    this.#state = new DevStateFile(this.#home.state);
  }

  /** The exit code. */
  async run(): Promise<number> {
    const release = onInterruption(() => this.#abort.abort(new ClrkError('INTERRUPTED', 'interrupted')));
    try {
      await this.#bringUp();
      if (this.#options.exit !== true) await this.#stay();
      return 0;
    } catch (error) {
      if (this.#abort.signal.aborted) return 130;
      this.#progress.say(renderError(error));
      return 1;
    } finally {
      await this.#stop();
      release();
    }
  }

  async #bringUp(): Promise<void> {
    const { example: wanted, provider } = this.#options;
    const example = wanted === undefined ? undefined : parseExampleName(wanted);
    const providerKey = provider === 'openai' ? requireProviderKey(this.#options.environment) : undefined;
    await this.#step('machine', () => requireMachine(this.#home.root));
    const image =
      example === undefined ? undefined : prepareExampleImage(repositoryRoot, this.#home, example);
    const platform = await this.#startPlatform();
    if (this.#options.bare !== true) await this.#install(platform);
    if (example !== undefined && image !== undefined) {
      const input = {
        platform,
        root: repositoryRoot,
        example,
        realProvider: providerKey !== undefined,
        signal: this.#abort.signal,
      };
      await this.#showExample(input, image, providerKey);
    }
    this.#state.update((state) => (state.readySince = new Date().toISOString()));
    if (this.#options.exit !== true) this.#progress.say(this.#summary());
  }

  async #startPlatform(): Promise<Platform> {
    const { fixedPorts, entryPoint } = this.#options;
    const toolPath = await provideTools((name, work) => this.#progress.step(name, work));
    this.#platform = await Platform.prepare({
      home: this.#home,
      state: this.#state,
      subnet: this.#subnet,
      log: this.#log,
      toolPath,
      entryPoint: entryPoint ?? [process.execPath, '--enable-source-maps', bundlePath],
      ...(fixedPorts === undefined ? {} : { fixedPorts }),
      step: (name, work) => this.#step(name, work),
    });
    await this.#platform.start(this.#abort.signal);
    return this.#platform;
  }

  async #install(platform: Platform): Promise<void> {
    await this.#step('install', () =>
      installPlatform(platform.client, {
        root: repositoryRoot,
        credentials: platform.credentials,
        platformCa: platform.platformCa,
        natsUrl: platform.natsUrl,
        subnet: this.#subnet,
        registryPort: platform.ports.registry,
      }),
    );
    await Promise.all(
      deployments.map((name) =>
        this.#step(name, () =>
          awaitCondition(platform.client, {
            path: `/apis/apps/v1/namespaces/${systemNamespace}/deployments/${name}`,
            condition: 'Available',
            what: `Deployment ${name}`,
            timeoutMs: deploymentTimeoutMs,
            signal: this.#abort.signal,
            hint: `Its log: \`clrk dev logs ${name}\`.`,
          }),
        ),
      ),
    );
  }

  async #showExample(
    input: ExampleInput,
    image: ExampleImage,
    providerKey: string | undefined,
  ): Promise<void> {
    const { client } = input.platform;
    await Promise.all([
      this.#progress.step('example image', image.push),
      this.#step('provider', async () => {
        if (providerKey !== undefined) await installProviderKey(client, providerKey);
        else this.#provider = await startStandIn({ client, home: this.#home, subnet: this.#subnet });
      }),
    ]);
    await this.#progress.step(`agent ${input.example}`, async (note) => {
      await awaitExample(input, await installExample(input), note);
    });
    const answer = await this.#progress.step('call', () =>
      callOnce(this.#state.current.exposed, input.example, input.signal),
    );
    const { environment, stdout } = this.#options;
    const shown = await this.#progress.step('records', () => showCall(input, answer, environment, stdout));
    stdout.write(`\n${shown.text}\n`);
    if (shown.failure !== undefined) throw shown.failure;
  }

  #summary(): string {
    const exposed = Object.entries(this.#state.current.exposed).map(
      ([name, port]) => `  ${name}: http://127.0.0.1:${port}`,
    );
    return [
      `ready. kubectl: export KUBECONFIG=${this.#home.kubeconfig}`,
      ...exposed,
      'Ctrl-C stops it.',
    ].join('\n');
  }

  #step(name: string, work: () => Promise<void>): Promise<void> {
    return this.#progress.step(name, work);
  }

  #stay(): Promise<void> {
    const { signal } = this.#abort;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      // A pending promise alone does not keep a process alive; the platform's timers do, this makes it certain.
      const timer = setInterval(() => undefined, 60_000);
      signal.addEventListener('abort', () => {
        clearInterval(timer);
        resolve();
      });
    });
  }

  async #stop(): Promise<void> {
    if (this.#platform !== undefined) {
      const platform = this.#platform;
      await this.#provider?.close();
      await this.#step('stopping', () => platform.stop());
    }
    this.#progress.close();
    this.#log.close();
  }
}

/** Runs until interrupted (0), finished with `exit` (0), or something went wrong (1, said on stderr). */
export async function runDev(options: DevOptions): Promise<number> {
  requireHome(homeFromEnvironment(options.environment).root);
  return new DevRun(options).run();
}
