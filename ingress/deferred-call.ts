/**
 * A call whose caller does not wait: until it is accepted its answer goes to the caller like any other's, from then on it is kept,
 * and the caller is told where it will be. It must never be accepted before all that the caller has to send is here, and
 * never before its mark is written.
 */
import type { AnswerHead, CallAnswer } from '../process/index.ts';
import { sendRunning } from './accepted.ts';
import type { Call, Deferral, Preparation } from './call.ts';
import { KeptAnswer } from './kept-answer.ts';
import type { RequestBody } from './request-body.ts';

/** To the caller and kept alike until it is accepted; kept alone afterwards. */
class DeferredAnswer implements CallAnswer {
  readonly kept = new KeptAnswer();
  readonly #caller: CallAnswer;
  accepted = false;

  constructor(caller: CallAnswer) {
    this.#caller = caller;
  }

  get begun(): boolean {
    return this.#main.begun;
  }

  get closed(): boolean {
    return this.#main.closed;
  }

  get status(): number {
    return this.#main.status;
  }

  begin(head: AnswerHead): void {
    this.kept.begin(head);
    if (!this.accepted) this.#caller.begin(head);
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.kept.write(chunk);
    if (!this.accepted) await this.#caller.write(chunk);
  }

  end(trailers?: Readonly<Record<string, string>>): void {
    this.kept.end(trailers);
    if (!this.accepted) this.#caller.end(trailers);
  }

  cut(): void {
    this.kept.cut();
    if (!this.accepted) this.#caller.cut();
  }

  onGone(run: () => void): void {
    this.#caller.onGone(() => {
      if (!this.accepted) run();
    });
  }

  finished(): Promise<void> {
    return this.#main.finished();
  }

  get #main(): CallAnswer {
    return this.accepted ? this.kept : this.#caller;
  }
}

export interface DeferralOptions {
  readonly id: string;
  readonly location: string;
  readonly body: RequestBody;
  readonly prepare: () => Promise<Preparation>;
}

export class DeferredCall implements Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Call['headers'];
  readonly peer: string;
  readonly hasBody: boolean;
  readonly answer: DeferredAnswer;
  readonly deferral: Deferral;
  readonly #caller: Call;
  readonly #options: DeferralOptions;

  constructor(caller: Call, options: DeferralOptions) {
    const { method, url, headers, peer, hasBody } = caller;
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.peer = peer;
    this.hasBody = hasBody;
    this.answer = new DeferredAnswer(caller.answer);
    this.#caller = caller;
    this.#options = options;
    const { location, prepare } = options;
    this.deferral = { location, prepare, accept: () => this.#accept() };
  }

  get complete(): boolean {
    return this.#caller.complete;
  }

  openBody(): RequestBody {
    return this.#options.body;
  }

  endAfterBody(end: () => void): void {
    // What is kept of it waits for nobody.
    this.answer.kept.end();
    if (this.answer.accepted) end();
    else this.#caller.endAfterBody(end);
  }

  /** The run is over, and its answer kept. Throws what was wrong with a body that never came whole. */
  close(): void {
    const { body } = this.#options;
    if (!this.answer.accepted) return;
    if (body.failure !== undefined) throw body.failure;
    this.#tell();
  }

  #accept(): void {
    this.answer.accepted = true;
    const { body } = this.#options;
    if (body.ended) this.#tell();
    else body.onEnd(() => this.#tell());
  }

  #tell(): void {
    sendRunning(this.#caller, this.#options, { 'preference-applied': 'respond-async' });
  }
}
