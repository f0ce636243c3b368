/**
 * What every role's process is before it is anything else: a log, the signal to stop, a last resort for faults that nothing
 * caught, /healthz, /readyz and /metrics with the process's own figures, and the config it watches. Once, so that no role is
 * ready, stopped or measured in a way of its own. It must never say ready while any of what the role needs is missing.
 */
import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { Static, TSchema } from 'typebox';
import { environment as variable, ports } from '../contract/index.ts';
import { watchConfig } from './config-watch.ts';
import { requireVariable, type Environment } from './environment.ts';
import { openHealthServer } from './health-server.ts';
import { guardProcess, type LastResort } from './last-resort.ts';
import { createLog, type Log } from './log.ts';
import { untilAborted, untilTerminated } from './termination.ts';

/** Why something is not ready, or undefined when it is. */
export type Readiness = () => string | undefined;

export interface ShellOptions {
  readonly role: 'operator' | 'ingress' | 'worker' | 'egress' | 'telemetry';
  readonly environment: Environment;
  /** Of the health port; default the contract's. 0: any free one (tests). */
  readonly healthPort?: number;
  /** One process of several that are one role: it has no port of its own, and whoever started it may stop it. */
  readonly member?: { readonly number: number; readonly stop: AbortSignal };
}

export class Shell implements AsyncDisposable {
  readonly log: Log;
  /** The pod's address. */
  readonly host: string;
  /** Told to stop, or broken. */
  readonly stopped: AbortSignal;
  readonly #options: ShellOptions;
  /** Of the process itself. */
  readonly figures = new Registry();
  readonly #lastResort: LastResort;
  readonly #needs: Readiness[] = [];
  readonly #metrics: Array<() => Promise<string>> = [];
  #health: AsyncDisposable | undefined;
  #stands = false;
  readonly #withoutConfig = new AbortController();
  #page: (() => Promise<string>) | undefined;

  private constructor(options: ShellOptions) {
    const { role, environment, member } = options;
    this.#options = options;
    const log = createLog(role, environment);
    this.log = member === undefined ? log : log.child({ process: member.number });
    this.host = requireVariable(environment, variable.podIp);
    collectDefaultMetrics({ register: this.figures });
    const faults = new Counter({
      name: 'clrk_process_faults_total',
      help: 'Faults that nothing caught: each is a defect, after which the process drains and ends',
      registers: [this.figures],
    });
    const told = untilTerminated(this.log);
    this.#lastResort = guardProcess(this.log, () => faults.inc());
    const stops = member === undefined ? [] : [member.stop];
    this.stopped = AbortSignal.any([told, this.#lastResort.broken, ...stops]);
    this.needs(() => (this.stopped.aborted ? 'stopping' : undefined));
    this.needs(() => (this.#stands ? undefined : 'starting'));
  }

  /** Healthy from now on; ready when the role stands and everything it needs is there. */
  static async open(options: ShellOptions): Promise<Shell> {
    const shell = new Shell(options);
    if (options.member !== undefined) return shell;
    shell.#health = await openHealthServer({
      host: shell.host,
      port: options.healthPort ?? ports.health,
      ready: () => shell.notReady(),
      metrics: () => shell.#render(),
    });
    return shell;
  }

  /** One thing more without which the role is not ready. */
  needs(readiness: Readiness): void {
    this.#needs.push(readiness);
  }

  /**
   * All it needs has been named. Before, it is not ready: whoever is asked between two needs would say yes, and Kubernetes would end
   * the pod before it for one that can do nothing yet.
   */
  stands(): void {
    this.#stands = true;
  }

  /** The role's own figures, beside the process's. */
  serves(metrics: () => Promise<string>): void {
    this.#metrics.push(metrics);
  }

  /** One page in place of the process's own figures and the role's: of all processes of the role together. */
  servesPage(page: () => Promise<string>): void {
    this.#page = page;
  }

  /** The first thing that is missing. */
  notReady(): string | undefined {
    for (const need of this.#needs) {
      const reason = need();
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** For watches of config: a role that drains may do so for minutes, under the policy as it is then. */
  get watching(): AbortSignal {
    return this.#withoutConfig.signal;
  }

  /** What serves has ended: no config is taken any more. */
  endWatches(): void {
    this.#withoutConfig.abort();
  }

  /** The role's config document, as it changes; until the first there is no readiness. A document that cannot be used is told. */
  watchConfig<S extends TSchema>(schema: S, onConfig: (config: Static<S>) => void): void {
    let loaded = false;
    this.needs(() => (loaded ? undefined : 'no config yet'));
    const { environment } = this.#options;
    watchConfig({
      environment,
      schema,
      log: this.log,
      signal: this.watching,
      onConfig: (config) => {
        onConfig(config);
        loaded = true;
      },
    });
  }

  async untilStopped(): Promise<void> {
    await untilAborted(this.stopped);
  }

  /**
   * Told by SIGTERM, as a pod is: whoever sends work here may not know yet that no more should come. Not so after SIGINT (a person, or
   * a machine that stops as a whole), a fault, or the word of whoever started it.
   */
  get isAwaited(): boolean {
    return this.stopped.reason === 'SIGTERM';
  }

  async #render(): Promise<string> {
    if (this.#page !== undefined) return this.#page();
    const texts = await Promise.all([this.figures.metrics(), ...this.#metrics.map((each) => each())]);
    return texts.join('\n');
  }

  /** After everything of the role has ended: throws PROCESS_FAULT when a fault was why. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.endWatches();
    await this.#health?.[Symbol.asyncDispose]();
    this.log.info({}, 'stopped');
    this.#lastResort.leave();
  }
}
