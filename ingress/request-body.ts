/**
 * The caller's body on its way to a worker. The first 64 KiB are kept, so that a small body can be sent again to
 * another worker; the rest streams once, no faster than the worker reads. Over 32 MiB it is refused.
 */
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { ClrkError, maxRequestBodyBytes } from '../contract/index.ts';
import { sinkRoom } from './sink-room.ts';

const keepBytes = 64 * 1024;

export class RequestBody {
  readonly #source: AsyncIterator<Buffer>;
  readonly #kept: Buffer[] = [];
  readonly #limit: number;
  #total = 0;
  #ended = false;
  #streaming = false;

  constructor(request: IncomingMessage, limit = maxRequestBodyBytes) {
    this.#limit = limit;
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

  /** May it be sent once more? */
  get repeatable(): boolean {
    return !this.#streaming;
  }

  /** Reads until the end or until enough is kept. Throws BODY_TOO_LARGE. */
  async prefetch(): Promise<void> {
    while (!this.#ended && this.#total < keepBytes) {
      const chunk = await this.#next();
      if (chunk !== undefined) this.#kept.push(chunk);
    }
  }

  /** Writes all of it and ends the sink. Throws BODY_TOO_LARGE, or what the caller's connection says. */
  async sendTo(sink: Writable): Promise<void> {
    for (const chunk of this.#kept) sink.write(chunk);
    this.#streaming = !this.#ended;
    while (!this.#ended && !sink.destroyed) {
      const chunk = await this.#next();
      if (chunk === undefined || sink.destroyed) break;
      if (!sink.write(chunk)) await sinkRoom(sink);
    }
    if (!sink.destroyed) sink.end();
  }

  async #next(): Promise<Buffer | undefined> {
    const item = await this.#source.next();
    if (item.done === true) {
      this.#ended = true;
      return undefined;
    }
    this.#total += item.value.length;
    if (this.#total > this.#limit) throw this.#tooLarge();
    return item.value;
  }

  #tooLarge(): ClrkError {
    return new ClrkError('BODY_TOO_LARGE', `the request body is over ${this.#limit} bytes`);
  }
}
