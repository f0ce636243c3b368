/** Calls one after the other, in the background, until stopped; failures are allowed, silence is not. */
import { setTimeout as delay } from 'node:timers/promises';
import { header } from '../../contract/index.ts';
import type { Answer } from './dev-platform.ts';

// As a patient caller would: at once after an answer, a moment later after an error.
const retryMs = 100;
const recoveryMs = 60_000;

export class CallStream implements AsyncDisposable {
  /** Ids of calls a sandbox was started for, as far as the caller can know. */
  readonly admitted: string[] = [];
  readonly failures: string[] = [];
  readonly #call: () => Promise<Answer>;
  readonly #running: Promise<void>;
  #stopped = false;
  #succeeded = 0;

  constructor(call: () => Promise<Answer>) {
    this.#call = call;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        const answer = await this.#call();
        if (answer.status === 200) this.#succeeded += 1;
        else this.failures.push(`${answer.status} ${String(answer.headers[header.errorCode])}`);
        if (answer.status === 200 || answer.status === 500) this.admitted.push(answer.id);
        if (answer.status !== 200) await delay(retryMs);
      } catch (error) {
        this.failures.push(String(error));
        await delay(retryMs);
      }
    }
  }

  /** Waits for so many more good answers. */
  async succeed(count: number): Promise<void> {
    const wanted = this.#succeeded + count;
    const deadline = Date.now() + recoveryMs;
    while (this.#succeeded < wanted) {
      if (Date.now() > deadline) throw new Error(`no recovery: ${this.failures.slice(-5).join('; ')}`);
      await delay(20);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
