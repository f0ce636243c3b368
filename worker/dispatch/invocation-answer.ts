/**
 * The answer of one invocation to its caller, in whichever shape was asked for and whichever moment it is: a status
 * line while none is out, trailers afterwards. An exit code is always told where it is known, 0 too, so that a whole
 * answer can be told from one that only looks whole.
 */
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { cloudEventContentType, header, maxRequestBodyBytes, type CloudEvent } from '../../contract/index.ts';
import { untilAborted, type CallAnswer } from '../../process/index.ts';
import type { Call } from './call.ts';
import { DispatchError, sendError } from './dispatch-error.ts';
import { composeResponseEvent } from './envelope.ts';
import type { Outcome } from './invocation-outcome.ts';
import { collectOutput, streamOutput, type StreamedOutput } from './stdout-response.ts';

export interface AnswerBody {
  readonly contentType?: string;
  readonly body: Buffer;
}

/** What a caller of a run that was cut has to take what is on its way to it, the reason included. */
const cutGraceMs = 1_000;

function exitHeaders(outcome: Outcome): Record<string, string> {
  return outcome.exitCode === undefined ? {} : { [header.exitCode]: String(outcome.exitCode) };
}

export class InvocationAnswer {
  /** The caller accepts the answer as one CloudEvent only. */
  readonly wrapped: boolean;
  readonly #call: Call;
  readonly #answer: CallAnswer;
  readonly #now: () => number;
  #bytes = 0;
  #finished = false;

  constructor(call: Call, now: () => number) {
    this.#call = call;
    this.#answer = call.answer;
    this.#now = now;
    this.wrapped = call.headers['accept'] === cloudEventContentType;
  }

  get status(): number {
    return this.#answer.status;
  }

  /** Of the agent's answer. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Calls back when the caller has gone before the answer was finished. An answer closes also after its last byte, which a
   * Metadata agent outlives: that is no caller gone.
   */
  onGone(gone: () => void): void {
    this.#answer.onGone(() => {
      if (!this.#finished) gone();
    });
  }

  /** Reads the output to its end: streamed as it comes, or kept for wrapping (undefined: too much of it). */
  take(stdout: Readable, onChunk: (chunk: Buffer) => void): Promise<Buffer | StreamedOutput | undefined> {
    return this.wrapped
      ? collectOutput(stdout, maxRequestBodyBytes, onChunk)
      : streamOutput(stdout, this.#answer, onChunk);
  }

  /** The end of an answer whose bytes, if any, were streamed. */
  endStreamed(outcome: Outcome, bytes: number): void {
    this.#bytes = bytes;
    if (outcome.phase !== 'Succeeded') this.fail(outcome);
    else if (!this.#answer.begun)
      this.#send({ contentType: 'application/octet-stream', body: Buffer.alloc(0) }, outcome);
    else this.#endWithTrailers(exitHeaders(outcome));
  }

  /** The agent's whole answer. Only its content type and body are the agent's: no header of ours can be forged. */
  sendWhole(output: AnswerBody, outcome: Outcome): void {
    this.#send({ contentType: output.contentType ?? 'application/octet-stream', body: output.body }, outcome);
  }

  sendWrapped(event: CloudEvent, output: AnswerBody, outcome: Outcome): void {
    if (outcome.phase !== 'Succeeded') return this.fail(outcome);
    const wrapped = composeResponseEvent(event, output, new Date(this.#now()).toISOString());
    this.#send({ contentType: cloudEventContentType, body: Buffer.from(JSON.stringify(wrapped)) }, outcome);
  }

  /** The agent failed. */
  fail(outcome: Outcome): void {
    const [code, hint] =
      outcome.reason === 'OOMKilled'
        ? (['OUT_OF_MEMORY', 'Raise spec.resources.memory, or let the agent use less.'] as const)
        : (['NON_ZERO_EXIT', 'Its output on stderr is in `clrk logs`.'] as const);
    const error = new DispatchError(code, outcome.message ?? 'the agent failed', hint);
    this.sendFailure(error, exitHeaders(outcome));
  }

  /** An error as the response, or as trailers when bytes are out already. */
  sendFailure(error: DispatchError, headers: Readonly<Record<string, string>> = {}): void {
    if (!this.#answer.begun) return sendError(this.#answer, error, headers);
    this.#endWithTrailers({ ...headers, [header.errorCode]: error.code });
  }

  #endWithTrailers(trailers: Readonly<Record<string, string>>): void {
    this.#answer.end(trailers);
  }

  #send({ contentType, body }: Required<AnswerBody>, outcome: Outcome): void {
    this.#bytes = body.length;
    const headers = { 'content-type': contentType, 'content-length': body.length, ...exitHeaders(outcome) };
    this.#answer.begin({ status: 200, headers });
    void this.#answer.write(body);
    this.#answer.end();
  }

  /** The last byte is with the kernel, or the caller is gone, or has not taken it in a moment after the run was cut. */
  async finish(cut: AbortSignal): Promise<void> {
    this.#finished = true;
    this.#answer.end();
    const left = new AbortController();
    const slow = untilAborted(cut).then(() => delay(cutGraceMs, undefined, { signal: left.signal }));
    await Promise.race([this.#answer.finished(), slow.then(() => this.#answer.cut())]);
    left.abort();
    slow.catch(() => undefined);
    // Bytes of a refused body may still be under way; reading them would be reading further.
    this.#call.close();
  }
}
