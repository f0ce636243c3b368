/**
 * Keeps a data plane on the newest config document: reads and watches one Secret for ever, hands over each document
 * with a new digest, keeps the last on every error. Apart because it is the only thing a data plane asks of Kubernetes,
 * and nothing on the hot path may wait for it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Watch, type KubeConfig } from '@kubernetes/client-node';
import type { Static, TSchema } from 'typebox';
import {
  configSecretKey,
  environment as variable,
  errorMessage,
  parseConfig,
  type ClrkError,
} from '../contract/index.ts';
import { requireVariable, type Environment } from './environment.ts';
import { kubeCaller, type KubeCaller } from './kube-call.ts';
import { loadKubeConfig } from './kube-config.ts';
import type { Log } from './log.ts';

export interface ConfigWatchOptions<S extends TSchema> {
  readonly environment: Environment;
  readonly schema: S;
  /** Of the Secret; default: the one the environment names. */
  readonly name?: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onConfig: (config: Static<S>) => void;
  /** How long one watch lasts; default 240. */
  readonly watchSeconds?: number;
}

/** Back-off between attempts; the first retries are quick because the operator may be making the Secret right now. */
const firstRetryMs = 250;
const lastRetryMs = 10_000;
/** The server ends a watch after this; a half-dead connection is noticed by it too. */
const defaultWatchSeconds = 240;
/** A watch that ended sooner was refused in some way: the next one waits. */
const shortestWatchMs = 500;

/** Of a Status, which a watch sends in place of an object. */
function messageOf(status: unknown): string {
  const { message } = status as { readonly message?: unknown };
  return typeof message === 'string' ? message : 'no reason given';
}

interface ConfigSecret {
  readonly data?: Readonly<Record<string, string>>;
}

class ConfigWatch<S extends TSchema> {
  readonly #options: ConfigWatchOptions<S>;
  /** Not the library's client of the core API: with its models it takes 30 MB of every data plane. */
  readonly #ask: KubeCaller;
  readonly #namespace: string;
  readonly #name: string;
  #digest = '';
  /** As the document in force came: each watch brings it once more, and it need not be parsed again. */
  #data: string | undefined;
  #problem = '';

  constructor(options: ConfigWatchOptions<S>) {
    this.#options = options;
    this.#ask = kubeCaller(() => loadKubeConfig(options.environment));
    this.#namespace = requireVariable(options.environment, variable.podNamespace);
    this.#name = options.name ?? requireVariable(options.environment, variable.configSecret);
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        const config = loadKubeConfig(this.#options.environment);
        await this.#readThenWatch(config);
        retryMs = firstRetryMs;
      } catch (thrown) {
        this.#complain(errorMessage(thrown).split('\n')[0] ?? '');
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
        retryMs = Math.min(retryMs * 2, lastRetryMs);
      }
    }
  }

  /** Once a cause, not once a retry. */
  #complain(reason: string): void {
    if (reason !== this.#problem)
      this.#options.log.warn({ secret: this.#name, reason }, 'config not read, the previous one stays');
    this.#problem = reason;
  }

  async #readThenWatch(config: KubeConfig): Promise<void> {
    const path = `/api/v1/namespaces/${this.#namespace}/secrets/${this.#name}`;
    const { status, body } = await this.#ask({ method: 'GET', path });
    if (status !== 200) throw new Error(`the API server answered ${status}: ${messageOf(body)}`);
    this.#use(body as ConfigSecret);
    const startedAt = performance.now();
    await this.#watch(config);
    const ranMs = performance.now() - startedAt;
    if (ranMs < shortestWatchMs && !this.#options.signal.aborted) {
      throw new Error('the API server ended the watch at once');
    }
  }

  /**
   * Without a version to start from, so that the Secret comes first as it is now. Its own version may be older than anything
   * the API server still knows (it restarted, or a day went by), and then every watch from there is refused.
   */
  async #watch(config: KubeConfig): Promise<void> {
    const { signal, watchSeconds = defaultWatchSeconds } = this.#options;
    let stop = (): void => undefined;
    const abort = (): void => stop();
    signal.addEventListener('abort', abort);
    await new Promise<void>((resolve, reject) => {
      const watch = new Watch(config);
      watch
        .watch(
          `/api/v1/namespaces/${this.#namespace}/secrets`,
          { fieldSelector: `metadata.name=${this.#name}`, timeoutSeconds: watchSeconds },
          (phase: string, object: unknown) => {
            if (phase === 'ADDED' || phase === 'MODIFIED') this.#use(object as ConfigSecret);
            else if (phase === 'ERROR') reject(new Error(`the watch failed: ${messageOf(object)}`));
          },
          (error: unknown) => {
            if (error === null || error === undefined || signal.aborted) resolve();
            else reject(error instanceof Error ? error : new Error(errorMessage(error)));
          },
        )
        .then((controller) => {
          stop = () => controller.abort();
          if (signal.aborted) stop();
        })
        .catch(reject);
      // The signal outlives every watch: what it holds of one must go with it.
    }).finally(() => signal.removeEventListener('abort', abort));
  }

  #use(secret: ConfigSecret): void {
    const data = secret.data?.[configSecretKey];
    if (data === undefined) return this.#complain(`Secret ${this.#name} has no ${configSecretKey}`);
    if (data === this.#data) return;
    try {
      const document = parseConfig(this.#options.schema, Buffer.from(data, 'base64'));
      const { digest } = document as { readonly digest: string };
      if (digest !== this.#digest) {
        this.#options.onConfig(document);
        this.#digest = digest;
        this.#problem = '';
        this.#options.log.info({ secret: this.#name, digest }, 'config in force');
      }
      this.#data = data;
    } catch (thrown) {
      this.#complain(`${(thrown as ClrkError).code}: ${errorMessage(thrown)}`);
    }
  }
}

/** Returns at once; runs until `signal`. */
export function watchConfig<S extends TSchema>(options: ConfigWatchOptions<S>): void {
  void new ConfigWatch(options).run();
}
