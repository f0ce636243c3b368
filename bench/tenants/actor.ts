/** Starts an actor of a row, waits for what it says, ends it. It must never leave a process behind. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setPriority } from 'node:os';

const entry = join(import.meta.dirname, 'actor-process.ts');
const saysWithinMs = 60_000;
const endsWithinMs = 5_000;
/** Of who has nothing to put away. */
const diesWithinMs = 100;

export class Actor implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #endsWithinMs: number;
  readonly #said: Array<Record<string, unknown>> = [];
  #heard: () => void = () => undefined;

  constructor(args: readonly string[], kind: 'part' | 'hostile') {
    this.#endsWithinMs = kind === 'part' ? endsWithinMs : diesWithinMs;
    this.#child = fork(entry, args, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message) => {
      this.#said.push(message as Record<string, unknown>);
      this.#heard();
    });
    this.#child.once('exit', () => this.#heard());
    // The generator of load is no part of the platform: it takes what processor time the others leave.
    if (kind === 'hostile' && this.#child.pid !== undefined) setPriority(this.#child.pid, 10);
  }

  /** What it says under this name; rejects when it ends before. */
  async says(name: string): Promise<unknown> {
    const deadline = performance.now() + saysWithinMs;
    for (;;) {
      const said = this.#said.find((message) => name in message);
      if (said !== undefined) return said[name];
      if (this.#child.exitCode !== null || performance.now() > deadline)
        throw new Error(`an actor said nothing of ${name}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  stop(): void {
    if (this.#child.connected) this.#child.send('stop');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.stop();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), this.#endsWithinMs);
    await gone;
    clearTimeout(kill);
  }
}
