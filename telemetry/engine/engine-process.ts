/**
 * The parent's side of the embedded engine: starts the child, sends it requests, restarts it when it dies.
 * Apart from the connection so that process life and ClickHouse's client contract stay separate stories.
 * A request under way when the child dies fails (retryable); nothing is resent here, the writer decides.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { telemetryEngineArgument } from './engine-child.ts';
import type { EngineFailure, EngineReply, EngineRequest } from './engine-protocol.ts';

export interface EngineProcessOptions {
  /** Data directory; one engine a directory. */
  readonly directory: string;
  /** Program the child runs; its first argument will be `telemetryEngineArgument`. Default: this very program. */
  readonly entry?: string;
  readonly execArgv?: readonly string[];
  readonly onExit?: (reason: string) => void;
}

/** Distributes over the union, so that each request keeps its own members. */
type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;
export type EngineCall = Unnumbered<EngineRequest>;

interface Pending {
  readonly resolve: (body: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** As many requests as the writer, the materializer and a busy read API need; beyond it callers are refused. */
const maxPending = 512;
/** Opening a large data directory loads every part's metadata. */
const startTimeoutMs = 60_000;
const restartDelayMs = 500;
const closeTimeoutMs = 10_000;

/** A failure the engine itself reported, with ClickHouse's code. */
export class EngineError extends Error {
  readonly code: string;
  readonly type: string | undefined;
  constructor(failure: EngineFailure) {
    super(failure.message);
    this.code = failure.code ?? '';
    this.type = failure.type;
  }
}

export class EngineProcess {
  readonly #options: EngineProcessOptions;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #ready: Promise<void> = Promise.resolve();
  #nextId = 1;
  #closing = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: EngineProcessOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async call(request: EngineCall): Promise<Uint8Array> {
    if (this.#pending.size >= maxPending) {
      throw new ClrkError('ENGINE_BUSY', 'too many requests wait for the engine', { retryable: true });
    }
    await this.#ready;
    const child = this.#child;
    if (child === undefined || !child.connected) {
      throw new ClrkError('ENGINE_DOWN', 'the embedded ClickHouse is not running', { retryable: true });
    }
    const id = this.#nextId++;
    return new Promise<Uint8Array>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      child.send({ ...request, id } satisfies EngineRequest, (error) => {
        if (error !== null) this.#settle(id, (pending) => pending.reject(error));
      });
    });
  }

  /** Orderly: the child finishes what it runs and closes the database. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const kill = setTimeout(() => child.kill('SIGKILL'), closeTimeoutMs);
    if (child.connected) child.disconnect();
    await gone;
    clearTimeout(kill);
  }

  #start(): void {
    const { directory, entry, execArgv } = this.#options;
    const child = fork(entry ?? process.argv[1] ?? '', [telemetryEngineArgument, directory], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // The engine needs no variable of ours; it must not inherit tokens or kubeconfigs by accident.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TZ: 'UTC' },
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    this.#child = child;
    this.#ready = new Promise<void>((resolve) => {
      // Waiters continue on failure too: `call` then finds no connected child and says so.
      const timer = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs);
      child.on('message', (reply: EngineReply) => {
        if ('ready' in reply) {
          clearTimeout(timer);
          resolve();
        } else this.#answer(reply);
      });
      child.once('exit', (code, signal) => {
        clearTimeout(timer);
        resolve();
        this.#exited(`exit ${code ?? signal ?? 'unknown'}`);
      });
    });
    child.on('error', (error) => this.#options.onExit?.(errorMessage(error)));
  }

  #answer(reply: Exclude<EngineReply, { ready: true }>): void {
    this.#settle(reply.id, (pending) => {
      if ('error' in reply) pending.reject(new EngineError(reply.error));
      else pending.resolve(reply.body);
    });
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    how(pending);
  }

  #exited(reason: string): void {
    const error = new ClrkError('ENGINE_DOWN', `the embedded ClickHouse ended (${reason})`, {
      retryable: true,
    });
    for (const id of this.#pending.keys()) this.#settle(id, (pending) => pending.reject(error));
    if (this.#closing) return;
    this.#options.onExit?.(reason);
    this.#restart = setTimeout(() => this.#start(), restartDelayMs);
  }
}
