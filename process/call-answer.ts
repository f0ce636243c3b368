/**
 * The answer side of a call, whatever carries it: a head once, bytes no faster than they are taken, an end that can be told
 * from a break. The one of HTTP is here. It must never say that an answer is whole when it was cut.
 */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface AnswerHead {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
}

export interface CallAnswer {
  /** The head is out. */
  readonly begun: boolean;
  /** Whole, or nobody is there any more: what is written now goes nowhere. */
  readonly closed: boolean;
  /** Of the head, once it is out. */
  readonly status: number;
  begin(head: AnswerHead): void;
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;
  end(trailers?: Readonly<Record<string, string>>): void;
  /** Ends it so that nobody takes it for whole. */
  cut(): void;
  /** Called once when the other side has gone before the last byte was with it. */
  onGone(run: () => void): void;
  /** Resolves when the last byte is with the other side, or nobody is there. */
  finished(): Promise<void>;
}

export class HttpAnswer implements CallAnswer {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    // Without a listener a broken connection would end the process; `close` tells of it.
    response.on('error', () => undefined);
  }

  get begun(): boolean {
    return this.#response.headersSent;
  }

  get closed(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  begin({ status, headers }: AnswerHead): void {
    if (this.closed || this.begun) return;
    const response = this.#response;
    // Whoever waits sees the head before the first chunk; what follows at once goes in the same packet.
    response.cork();
    response.writeHead(status, headers);
    process.nextTick(() => {
      if (response.writableEnded || response.destroyed) return;
      response.flushHeaders();
      response.uncork();
    });
  }

  write(chunk: Uint8Array): Promise<void> {
    const response = this.#response;
    if (this.closed || response.write(chunk)) return Promise.resolve();
    return firstOf(response, ['drain', 'close']);
  }

  end(trailers: Readonly<Record<string, string>> = {}): void {
    if (this.closed) return;
    if (Object.keys(trailers).length > 0) this.#response.addTrailers(trailers);
    this.#response.end();
  }

  cut(): void {
    this.#response.destroy();
  }

  onGone(run: () => void): void {
    const gone = (): void => {
      if (!this.#response.writableFinished) run();
    };
    if (this.#response.destroyed) gone();
    else this.#response.once('close', gone);
  }

  finished(): Promise<void> {
    const response = this.#response;
    if (response.writableFinished || response.destroyed) return Promise.resolve();
    return firstOf(response, ['finish', 'close']);
  }
}

/** Apart because `events.once` in a loop leaves the listeners of the others behind. */
function firstOf(response: ServerResponse, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) response.off(event, done);
      resolve();
    };
    for (const event of events) response.on(event, done);
  });
}
