/**
 * A call's body on its way to a worker, as it comes. Its first part is kept while no worker has taken the call, so that
 * another can be asked; what comes after streams once, no faster than the worker reads. Over 32 MiB it is refused.
 */
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { ClrkError, maxRequestBodyBytes } from '../contract/index.ts';
import { limits } from './limits.ts';
import { KeptBytes } from './share.ts';
import { sinkRoom } from './sink-room.ts';

/** Where a body comes from: a caller's request, or what stands ready. */
type BodySource = Pick<IncomingMessage, 'headers' | 'iterator'>;

export interface RequestBodyOptions {
  readonly limit?: number;
  /** Room for what is kept, shared by all calls. */
  readonly kept?: KeptBytes;
}

export class RequestBody {
  readonly #source: AsyncIterator<Buffer>;
  readonly #limit: number;
  readonly #room: KeptBytes;
  /** Not sent for good: from the first byte while it is repeatable. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #total = 0;
  #ended = false;
  #closed = false;
  #repeatable = true;
  #failure: Error | undefined;
  readonly #onEnd: Array<() => void> = [];
  #crowded = false;
  #pulling: Promise<void> | undefined;
  /** Whoever sends now, an earlier one stops; and how many of the kept chunks it has sent. */
  #turn = 0;
  #sent = 0;

  constructor(request: BodySource, { limit = maxRequestBodyBytes, kept }: RequestBodyOptions = {}) {
    this.#limit = limit;
    this.#room = kept ?? new KeptBytes(Number.POSITIVE_INFINITY);
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > limit) throw this.#tooLarge();
    // Not destroyed on return: the caller's connection still carries our answer.
    this.#source = (request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)[
      Symbol.asyncIterator
    ]();
  }

  get bytes(): number {
    return this.#total;
  }

  /** All of it has come. */
  get ended(): boolean {
    return this.#ended;
  }

  /** All of it, where that is here and was never sent: for who looks into it before a worker is asked. */
  get whole(): Buffer | undefined {
    return this.#ended && this.#keptBytes === this.#total ? Buffer.concat(this.#kept) : undefined;
  }

  /** Called once when all of it has come; several may ask. */
  onEnd(run: () => void): void {
    this.#onEnd.push(run);
  }

  /** Why it ended before its end. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** May it be sent once more? */
  get repeatable(): boolean {
    return this.#repeatable;
  }

  /** Reads until the end, until enough is kept, or until nothing more has come for a while. Throws BODY_TOO_LARGE. */
  async prefetch(quietMs = Number.POSITIVE_INFINITY): Promise<void> {
    while (!this.#ended && !this.#isFull && !this.#closed) {
      const pulled = this.#pull().then(() => true);
      if ((await within(pulled, Math.min(quietMs, limits.stalledMs * 2))) === undefined) return;
    }
  }

  /** Writes all of it and ends the sink. Throws BODY_TOO_LARGE, or what the caller's connection says. */
  async sendTo(sink: Writable): Promise<void> {
    const turn = ++this.#turn;
    this.#sent = 0;
    while (turn === this.#turn && !sink.destroyed) {
      const chunk = this.#kept[this.#sent];
      if (chunk !== undefined) {
        this.#sent += 1;
        if (!this.#repeatable) this.#forgetSent();
        if (!sink.write(chunk)) await sinkRoom(sink);
      } else if (this.#ended) {
        sink.end();
        return;
      } else {
        // More than is kept: from here on there is no second worker.
        if (this.#isFull) this.commit();
        await this.#pull();
      }
    }
  }

  /** A worker has taken the call: nothing is kept for another. */
  commit(): void {
    this.#repeatable = false;
    this.#forgetSent();
  }

  /** Nobody will send it any more. */
  close(): void {
    this.#closed = true;
    this.#turn += 1;
    this.#sent = this.#kept.length;
    this.commit();
  }

  get #isFull(): boolean {
    return this.#crowded || this.#keptBytes >= limits.keptBytes.call;
  }

  #forgetSent(): void {
    for (const { length } of this.#kept.splice(0, this.#sent)) {
      this.#keptBytes -= length;
      this.#room.give(length);
    }
    this.#sent = 0;
    this.#crowded = false;
  }

  /** One chunk more; whoever asks meanwhile waits for the same. */
  #pull(): Promise<void> {
    this.#pulling ??= this.#next()
      .catch((error: Error) => {
        this.#failure = error;
        throw error;
      })
      .finally(() => {
        this.#pulling = undefined;
      });
    return this.#pulling;
  }

  async #next(): Promise<void> {
    const item = await within(this.#source.next(), limits.stalledMs);
    if (item === undefined) {
      throw new ClrkError('BODY_STALLED', 'the request body stopped coming');
    }
    if (item.done === true) {
      this.#ended = true;
      for (const run of this.#onEnd.splice(0)) run();
      return;
    }
    // Nobody wants it: what still comes on its way to the end of the call is kept nowhere.
    if (this.#closed) return;
    const { length } = item.value;
    this.#total += length;
    if (this.#total > this.#limit) throw this.#tooLarge();
    this.#kept.push(item.value);
    this.#keptBytes += length;
    // A chunk over the room of all is here already; no more is read until it is sent.
    this.#crowded = !this.#room.take(length);
  }

  #tooLarge(): ClrkError {
    return new ClrkError('BODY_TOO_LARGE', `the request body is over ${this.#limit} bytes`);
  }
}

/** Undefined when the time was over first; the work goes on behind. */
function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
