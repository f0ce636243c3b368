/** An answer that nobody reads but for how it ended: what the agent writes is in its log; here it is let go. */
import { header, type ScheduleResult } from '../contract/index.ts';
import type { AnswerHead, CallAnswer } from '../process/index.ts';

export class UnreadAnswer implements CallAnswer {
  status = 0;
  readonly #signal: AbortSignal | undefined;
  #code: string | undefined;
  #end: 'open' | 'whole' | 'cut' = 'open';
  #begun = false;

  /** Absent: nobody is there to go. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  get begun(): boolean {
    return this.#begun;
  }

  get closed(): boolean {
    return this.#end !== 'open';
  }

  get result(): ScheduleResult {
    if (this.#end === 'cut') return { succeeded: false, code: this.#code ?? 'ANSWER_CUT' };
    if (this.status >= 200 && this.status < 400 && this.#code === undefined) return { succeeded: true };
    return { succeeded: false, code: this.#code ?? `HTTP_${this.status}` };
  }

  begin({ status, headers }: AnswerHead): void {
    if (this.closed || this.#begun) return;
    this.#begun = true;
    this.status = status;
    this.#note(headers);
  }

  write(): Promise<void> {
    return Promise.resolve();
  }

  end(trailers: Readonly<Record<string, string>> = {}): void {
    if (this.closed) return;
    this.#note(trailers);
    this.#end = 'whole';
  }

  cut(): void {
    if (!this.closed) this.#end = 'cut';
  }

  /** Whoever set it off may not go on with it. */
  onGone(run: () => void): void {
    if (this.#signal?.aborted === true) run();
    else this.#signal?.addEventListener('abort', run, { once: true });
  }

  finished(): Promise<void> {
    return Promise.resolve();
  }

  #note(fields: Readonly<Record<string, unknown>>): void {
    const code = fields[header.errorCode];
    const exit = fields[header.exitCode];
    if (typeof code === 'string') this.#code = code;
    else if (typeof exit === 'string' && exit !== '0') this.#code ??= 'NON_ZERO_EXIT';
  }
}
