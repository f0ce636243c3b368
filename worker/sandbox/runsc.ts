/**
 * The runsc command line. Apart because its flags are part of the isolation and must be the same in every call.
 * Errors carry what runsc wrote to its log, never the sandbox's own output.
 */
import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { runCommand } from '../system/command.ts';
import { SandboxError } from './sandbox-error.ts';

export interface RunscOptions {
  readonly binary: string;
  /** State directory (`--root`), ours alone. */
  readonly root: string;
}

/** What runsc's state file says of a created sandbox. */
export interface RunscState {
  readonly pid: number;
  readonly goferPid: number | undefined;
}

const createTimeoutMs = 30_000;
const imageTimeout = { timeoutMs: 60_000 };

export class Runsc {
  readonly #options: RunscOptions;

  constructor(options: RunscOptions) {
    this.#options = options;
  }

  #flags(logPath: string): readonly string[] {
    return [
      `--root=${this.#options.root}`,
      '--platform=systrap',
      '--network=sandbox',
      // The root is read-only already, by its mount and by the spec.
      '--overlay2=none',
      '--host-uds=none',
      // The host's sysctls are the operator's business, not a sandbox's.
      '--host-settings=ignore',
      `--log=${logPath}`,
      '--log-format=json',
    ];
  }

  /**
   * `stdio` are the sandbox's descriptors; they stay the caller's to close. Aborted or too slow it throws once runsc is
   * dead; processes that it had made by then may live, and are the caller's to end.
   */
  async create(
    id: string,
    bundle: string,
    stdio: readonly [number, number, number],
    signal?: AbortSignal,
  ): Promise<RunscState> {
    const log = join(bundle, 'runsc.log');
    const child = spawn(this.#options.binary, [...this.#flags(log), 'create', '--bundle', bundle, id], {
      stdio: [...stdio],
      timeout: createTimeoutMs,
      killSignal: 'SIGKILL',
    });
    const kill = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill);
    if (signal?.aborted === true) kill();
    const code = await new Promise<number | string>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      child.once('exit', (status, ended) => resolve(status ?? ended ?? 'unknown'));
    });
    signal?.removeEventListener('abort', kill);
    if (code !== 0)
      throw new SandboxError(
        'SANDBOX_CREATE_FAILED',
        `runsc create ended with ${code}`,
        await this.#lastError(log),
      );
    return this.#state(id);
  }

  async start(id: string, bundle: string): Promise<void> {
    const log = join(bundle, 'runsc.log');
    try {
      await runCommand(this.#options.binary, [...this.#flags(log), 'start', id]);
    } catch {
      throw new SandboxError('SANDBOX_START_FAILED', 'runsc start failed', await this.#lastError(log));
    }
  }

  /** Writes the memory of a started sandbox into a directory, which ends it. */
  async checkpoint(id: string, bundle: string, image: string): Promise<void> {
    const log = join(bundle, 'runsc.log');
    const how = ['--compression=none', '--exclude-committed-zero-pages', `--image-path=${image}`];
    try {
      await runCommand(this.#options.binary, [...this.#flags(log), 'checkpoint', ...how, id], imageTimeout);
    } catch {
      const said = await this.#lastError(log);
      throw new SandboxError('SANDBOX_START_FAILED', 'runsc checkpoint failed', said);
    }
  }

  /** Puts what was in that memory into a sandbox that was created and not started. */
  async restore(id: string, bundle: string, image: string): Promise<void> {
    const log = join(bundle, 'runsc.log');
    const how = ['--detach', `--image-path=${image}`, '--bundle', bundle];
    try {
      await runCommand(this.#options.binary, [...this.#flags(log), 'restore', ...how, id], imageTimeout);
    } catch {
      const said = await this.#lastError(log);
      throw new SandboxError('SANDBOX_START_FAILED', 'runsc restore failed', said);
    }
  }

  /** Runs a program beside the agent, as nobody more than the agent is. False: it failed, or took too long. */
  async execute(id: string, user: { uid: number; gid: number }, args: readonly string[], timeout: number) {
    const how = [`--user=${user.uid}:${user.gid}`, id, ...args];
    const flags = this.#flags('/dev/null');
    const options = { stdio: 'ignore', timeout, killSignal: 'SIGKILL' } as const;
    const child = spawn(this.#options.binary, [...flags, 'exec', ...how], options);
    return new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
  }

  /** Asks the agent's first process to end. */
  async terminate(id: string): Promise<void> {
    await runCommand(this.#options.binary, [...this.#flags('/dev/null'), 'kill', id, 'TERM']);
  }

  /** Removes what is left of a sandbox, ending it if it lives. Fine when there is nothing. */
  async delete(id: string): Promise<void> {
    await runCommand(this.#options.binary, [...this.#flags('/dev/null'), 'delete', '--force', id]);
  }

  /** Of a creation that was interrupted: its processes are dead, runsc waits for them or knows nothing of them. */
  async forgetSandbox(id: string): Promise<void> {
    const names = await readdir(this.#options.root);
    const left = names.filter((name) => name.includes(id));
    await Promise.all(left.map((name) => rm(join(this.#options.root, name), { force: true })));
  }

  /** Ids of every sandbox the state directory knows. */
  async list(): Promise<readonly string[]> {
    const names = await readdir(this.#options.root).catch((): string[] => []);
    return names.flatMap((name) => /^(.+)_sandbox:.+\.state$/.exec(name)?.[1] ?? []);
  }

  async forget(): Promise<void> {
    await rm(this.#options.root, { recursive: true, force: true });
  }

  async #state(id: string): Promise<RunscState> {
    const text = await readFile(join(this.#options.root, `${id}_sandbox:${id}.state`), 'utf8');
    const state = JSON.parse(text) as {
      readonly goferPid?: number;
      readonly sandbox?: { readonly pid?: number };
    };
    const pid = state.sandbox?.pid;
    if (pid === undefined) {
      throw new ClrkError('SANDBOX_CREATE_FAILED', 'runsc left no state of the sandbox it created');
    }
    return { pid, goferPid: state.goferPid };
  }

  async #lastError(log: string): Promise<string> {
    const lines = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n');
    const last = lines.findLast((line) => line.includes('"level":"error"')) ?? lines.at(-1) ?? '';
    try {
      return String((JSON.parse(last) as { readonly msg?: unknown }).msg).slice(0, 500);
    } catch {
      return last.slice(0, 500) || 'no message';
    }
  }
}
