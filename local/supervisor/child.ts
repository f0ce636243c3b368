/**
 * One supervised control-plane process: started, watched, started again with back-off when it dies, and stopped in
 * order. It must never leave a living process behind `stop()`, and never restart after it.
 */
import type { ChildProcess } from 'node:child_process';
import { ClrkError } from '../../contract/index.ts';
import { identifyProcess, type ProcessIdentity } from '../process-identity.ts';
import { backOffMs, childBackOff, failuresAfter } from './back-off.ts';
import { guardedSpawn, type GuardedCommand } from './guarded-spawn.ts';
import { RotatingLog } from './rotating-log.ts';

export interface ChildSpec extends GuardedCommand {
  readonly name: string;
  readonly logFile: string;
  /** True once it serves; asked every 100 ms. */
  readonly ready: () => Promise<boolean>;
  readonly stopGraceMs: number;
}

export interface ChildEvents {
  /** Every start and end; undefined: it is not running. */
  readonly onIdentity: (name: string, identity: ProcessIdentity | undefined) => void;
  readonly onRestart: (name: string, exit: string, delayMs: number) => void;
}

export class SupervisedChild {
  readonly spec: ChildSpec;
  readonly #events: ChildEvents;
  readonly #log: RotatingLog;
  #process: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #restartTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopping = false;
  #lastExit = '';

  constructor(spec: ChildSpec, events: ChildEvents) {
    this.spec = spec;
    this.#events = events;
    this.#log = new RotatingLog(spec.logFile);
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get restarts(): number {
    return this.#failures;
  }

  /** Starts it and waits until it serves. Throws CHILD_NOT_READY with the reason. */
  async start(timeoutMs: number, signal: AbortSignal): Promise<void> {
    this.#launch();
    const deadline = Date.now() + timeoutMs;
    // Three deaths before the first readiness are a mistake that no further restart mends.
    while (!(await this.spec.ready().catch(() => false))) {
      signal.throwIfAborted();
      if (this.#failures >= 3 || Date.now() > deadline) {
        throw new ClrkError('CHILD_NOT_READY', `${this.spec.name} does not become ready${this.#lastExit}`, {
          hint: `Its log says why: ${this.spec.logFile}`,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #launch(): void {
    const startedAt = Date.now();
    const child = guardedSpawn(this.spec, this.#log);
    this.#process = child;
    this.#events.onIdentity(this.spec.name, child.pid === undefined ? undefined : identifyProcess(child.pid));
    this.#exited = new Promise((resolve) => {
      const ended = (exit: string): void => {
        if (this.#process !== child) return;
        this.#process = undefined;
        this.#events.onIdentity(this.spec.name, undefined);
        resolve();
        this.#afterExit(exit, Date.now() - startedAt);
      };
      child.once('error', (error) => ended(error.message));
      child.once('exit', (code, signal) => ended(signal ?? `code ${code}`));
    });
  }

  #afterExit(exit: string, ranMs: number): void {
    this.#lastExit = ` (it ended with ${exit})`;
    if (this.#stopping) return;
    this.#failures = failuresAfter(childBackOff, this.#failures, ranMs);
    const delayMs = backOffMs(childBackOff, this.#failures);
    this.#events.onRestart(this.spec.name, exit, delayMs);
    this.#restartTimer = setTimeout(() => this.#launch(), delayMs);
  }

  /** TERM, then KILL after the grace; idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restartTimer);
    const child = this.#process;
    if (child !== undefined) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), this.spec.stopGraceMs);
      await this.#exited;
      clearTimeout(timer);
    }
    this.#log.close();
  }
}
