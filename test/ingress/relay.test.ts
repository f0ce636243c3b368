/** A caller that takes nothing: its answer is cut when the call may last no longer. */
import { PassThrough } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { relay } from '../../ingress/relay.ts';
import type { CallAnswer } from '../../process/index.ts';

class UnreadAnswer implements CallAnswer {
  begun = false;
  closed = false;
  status = 0;
  readonly #listeners: Array<() => void> = [];
  readonly #gone = new Promise<void>((resolve) => this.#listeners.push(resolve));
  asked = 0;

  begin(): void {
    this.begun = true;
  }
  write(): Promise<void> {
    this.asked += 1;
    return this.#gone;
  }
  end(): void {
    this.closed = true;
  }
  cut(): void {
    this.closed = true;
    for (const run of this.#listeners) run();
  }
  onGone(run: () => void): void {
    this.#listeners.push(run);
  }
  finished(): Promise<void> {
    return this.#gone;
  }
}

test('a caller that never reads is cut at the deadline, and the worker is let go', async () => {
  const from = Object.assign(new PassThrough(), { statusCode: 200, complete: false, trailers: {} });
  const answer = new UnreadAnswer();
  const deadline = new AbortController();
  const ended = relay(from as unknown as IncomingMessage, answer, {}, deadline.signal);
  from.write('x');
  await expect.poll(() => answer.asked).toBe(1);
  deadline.abort();
  expect((await ended).kind).toBe('callerGone');
  expect(from.destroyed).toBe(true);
});
