/**
 * The call of a schedule: the agent's input as its body, and an answer that nobody reads but for how it ended. What the agent
 * writes is in its log; here it is let go.
 */
import { Readable } from 'node:stream';
import { header, type ScheduleResult } from '../contract/index.ts';
import type { AnswerHead, CallAnswer } from '../process/index.ts';
import type { Call } from './call.ts';
import { RequestBody } from './request-body.ts';
import type { Due } from './schedule-book.ts';

class UnreadAnswer implements CallAnswer {
  status = 0;
  #code: string | undefined;
  #end: 'open' | 'whole' | 'cut' = 'open';
  #begun = false;

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

  /** Nobody is there to go. */
  onGone(): void {}

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

export interface ScheduledCall extends Call {
  /** Once it is answered. */
  readonly result: ScheduleResult;
}

export function scheduledCall({ agent, at }: Due): ScheduledCall {
  const input = Buffer.from(agent.scheduleInput ?? '{}');
  const answer = new UnreadAnswer();
  return {
    method: 'POST',
    url: '/',
    headers: {
      'content-type': 'application/json',
      'content-length': String(input.length),
      // An event is of the time it was due, whenever a place was free for it.
      'ce-time': new Date(at).toISOString(),
    },
    peer: agent.namespace,
    answer,
    complete: true,
    hasBody: true,
    openBody: (kept) =>
      new RequestBody(
        { headers: {}, iterator: (options) => Readable.from([input]).iterator(options) },
        { kept },
      ),
    endAfterBody: (end) => end(),
    get result() {
      return answer.result;
    },
  };
}
