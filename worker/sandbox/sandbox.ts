/**
 * One sandbox: created, started at most once, ended exactly once. Owns its pipes, its bundle directory and its
 * processes' exit status (we are their subreaper). Network slot and root are lent to it and given back by whoever
 * made it, after `ended`.
 */
import { closeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { untilChildEnds } from '../system/child-watch.ts';
import { openPipe } from '../system/libc.ts';
import type { SandboxUser } from './oci-spec.ts';
import type { Runsc, RunscState } from './runsc.ts';

export interface SandboxParts {
  readonly id: string;
  readonly bundle: string;
  readonly runsc: Runsc;
}

export class Sandbox {
  readonly id: string;
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** The exit code, once the sandbox's process has ended. Never rejects. */
  readonly ended: Promise<number>;
  readonly createdAt: number;
  readonly #parts: SandboxParts;
  readonly #state: RunscState;
  #dead = false;
  #starting: Promise<void> = Promise.resolve();

  private constructor(parts: SandboxParts, state: RunscState, pipes: readonly [Socket, Socket, Socket]) {
    this.id = parts.id;
    this.#parts = parts;
    this.#state = state;
    [this.stdin, this.stdout, this.stderr] = pipes;
    this.createdAt = Date.now();
    // The agent may close its end at any time; what that means is decided by who writes.
    for (const pipe of pipes) pipe.on('error', () => undefined);
    this.ended = this.#untilEnded();
  }

  /** `runsc create`: the sandbox's processes exist, the agent's do not. What it left when it threw is the caller's to clear. */
  static async create(parts: SandboxParts, signal?: AbortSignal): Promise<Sandbox> {
    const stdin = openPipe();
    const stdout = openPipe();
    const stderr = openPipe();
    const theirs = [stdin.readFd, stdout.writeFd, stderr.writeFd] as const;
    const pipes = [
      new Socket({ fd: stdin.writeFd, readable: false, writable: true }),
      new Socket({ fd: stdout.readFd, readable: true, writable: false }),
      new Socket({ fd: stderr.readFd, readable: true, writable: false }),
    ] as const;
    try {
      return new Sandbox(parts, await parts.runsc.create(parts.id, parts.bundle, theirs, signal), pipes);
    } catch (error) {
      for (const pipe of pipes) pipe.destroy();
      throw error;
    } finally {
      for (const fd of theirs) closeSync(fd);
    }
  }

  async #untilEnded(): Promise<number> {
    const code = await untilChildEnds(this.#state.pid);
    this.#dead = true;
    return code;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  start(): Promise<void> {
    return this.#begin(this.#parts.runsc.start(this.id, this.#parts.bundle));
  }

  /** What works in it must have ended before its slot is another one's. */
  #begin(work: Promise<void>): Promise<void> {
    this.#starting = work.catch(() => undefined);
    return work;
  }

  /** Writes its memory to this directory and ends it. */
  checkpoint(image: string): Promise<void> {
    return this.#begin(this.#parts.runsc.checkpoint(this.id, this.#parts.bundle, image));
  }

  /** In place of `start`: its processes go on where those of the image were. */
  restore(image: string): Promise<void> {
    return this.#begin(this.#parts.runsc.restore(this.id, this.#parts.bundle, image));
  }

  /** Runs a program in it. False: it failed or took too long. */
  execute(args: readonly string[], user: SandboxUser, timeoutMs: number): Promise<boolean> {
    const executed = this.#parts.runsc.execute(this.id, user, args, timeoutMs);
    void this.#begin(executed.then(() => undefined));
    return executed;
  }

  /** Asks it to end by itself; one that has ended, or has not begun, is asked nothing. */
  async terminate(): Promise<void> {
    await this.#starting;
    if (!this.#dead) await this.#parts.runsc.terminate(this.id).catch(() => undefined);
  }

  /** Ends it now: the sentry is the sandbox, and its death is the death of every process in it. */
  kill(): void {
    if (this.#dead) return;
    try {
      // Still our unreaped child, so the number cannot mean another process.
      process.kill(this.#state.pid, 'SIGKILL');
    } catch {
      // It ended in this moment.
    }
  }

  /** Kills it if it lives and removes every trace. Slow; not for the hot path. */
  async dispose(): Promise<void> {
    this.kill();
    await this.ended;
    // It works in the slot's namespace: whoever has the slot next must not meet it.
    await this.#starting;
    const gofer = this.#state.goferPid;
    if (gofer !== undefined) await untilChildEnds(gofer);
    for (const pipe of [this.stdin, this.stdout, this.stderr]) pipe.destroy();
    try {
      await this.#parts.runsc.delete(this.id);
    } finally {
      await rm(this.#parts.bundle, { recursive: true, force: true });
    }
  }
}
