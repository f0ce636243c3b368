/**
 * The agent's request on its way to an upstream: kept until there is a connection, sent, sent again by another attempt. Apart from
 * the exchange because it flows against the answer and waits for nobody but the upstream.
 */
import type { Injection } from '../../decision/index.ts';
import type { Field } from '../http1/index.ts';
import { requestTrailers } from '../pipeline/adapt.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import type { UpstreamStream } from '../upstream/exchange-port.ts';
import { BodyLimit } from './body-limit.ts';
import { ReadAhead, type HeldShare } from './read-ahead.ts';
import { RequestBody } from './request-body.ts';

export interface RequestWayOptions {
  readonly share: HeldShare;
  readonly agentId: string;
  /** The agent's end is seen only by reading (HTTP/1.1); over HTTP/2 its windows hold it back, and a reset needs no window. */
  readonly readsAhead: boolean;
}

export class RequestWay {
  readonly body: RequestBody;
  readonly limit = new BodyLimit();
  readonly #options: RequestWayOptions;
  readonly #ahead: ReadAhead;
  #stream: UpstreamStream | undefined;
  /** Trailers may go behind the body. */
  #passesTrailers = false;
  #injection: Injection | undefined;
  #trailers: readonly Field[] | undefined;
  /** Kept bytes that this attempt has not sent yet, and where its next piece begins. */
  #unsent: Buffer[] = [];
  #next = 0;
  #isOnlyOne = false;
  /** Trailers of the agent's that did not go on. */
  trailersDropped = 0;

  constructor(options: RequestWayOptions) {
    this.#options = options;
    this.body = new RequestBody(options.share, options.agentId);
    this.#ahead = new ReadAhead(options.share, options.agentId);
  }

  /** The whole request has come. */
  get ended(): boolean {
    return this.#trailers !== undefined;
  }

  /** What it goes out as, with which secret. `judged`: the body as the agent's, where it was read. Called before each candidate's first attempt. */
  prepare(
    outgoing: Outgoing,
    {
      injection,
      judged,
      noTrailers = false,
    }: {
      readonly injection: Injection | undefined;
      readonly judged: readonly Buffer[] | undefined;
      readonly noTrailers?: boolean;
    },
  ): void {
    this.#passesTrailers = outgoing.length === 'chunked' && !noTrailers;
    this.#injection = injection;
    // Another candidate may have had another body.
    const body = outgoing.body ?? judged;
    if (body !== undefined) this.body.replace(body);
  }

  /** An attempt's head is out: what is kept goes behind it. False: the agent is to wait. */
  open(stream: UpstreamStream): boolean {
    this.#stream = stream;
    this.#unsent = [...(this.body.replay() ?? [])];
    this.#next = 0;
    return this.#flow(stream);
  }

  /**
   * Sends what is kept as far as the upstream takes it. Not all at once: a large body through TLS in one go would hold up
   * everybody. False: the agent is to wait.
   */
  #flow(stream: UpstreamStream): boolean {
    let more = true;
    while (more && this.#isSending) {
      const bytes = this.#unsent[this.#next];
      this.#next += 1;
      if (bytes !== undefined) more = stream.write(bytes);
    }
    if (this.#isSending) return false;
    this.#unsent = [];
    this.#next = 0;
    if (this.#isOnlyOne) this.body.release();
    if (more) this.#ahead.release();
    if (this.#trailers === undefined) return more;
    stream.end(this.#passed(this.#trailers));
    return false;
  }

  get #isSending(): boolean {
    return this.#next < this.#unsent.length;
  }

  /** The upstream has answered, so no other attempt follows: what is kept goes once it is sent. */
  answered(): void {
    this.#isOnlyOne = true;
    if (!this.#isSending) this.body.release();
  }

  /** Trailers go on behind a body whose length is not announced. */
  #passed(trailers: readonly Field[]): readonly Field[] {
    const passed = this.#passesTrailers ? requestTrailers(trailers, this.#injection) : [];
    this.trailersDropped = trailers.length - passed.length;
    return passed;
  }

  /** `keep`: another attempt may need it. False: the agent is to wait. */
  push(bytes: Buffer, keep: boolean): boolean {
    const stream = this.#stream;
    if (stream === undefined) return this.body.hold(bytes);
    if (this.#isSending) {
      this.#unsent.push(bytes);
      return this.body.hold(bytes) || this.#readsOn(bytes);
    }
    if (keep) this.body.sent(bytes);
    return stream.write(bytes) || this.#readsOn(bytes);
  }

  #readsOn(bytes: Buffer): boolean {
    return this.#options.readsAhead && this.#ahead.take(bytes.length);
  }

  end(trailers: readonly Field[]): void {
    this.#trailers = trailers;
    if (!this.#isSending) this.#stream?.end(this.#passed(trailers));
  }

  /** The upstream takes bytes again. False: the agent is to wait still. */
  drained(): boolean {
    const stream = this.#stream;
    if (stream !== undefined && this.#isSending) return this.#flow(stream);
    this.#ahead.release();
    return true;
  }

  /** The attempt is over; another may follow. */
  close(): void {
    this.#stream = undefined;
    this.#unsent = [];
    this.#next = 0;
    this.#ahead.release();
  }
}
