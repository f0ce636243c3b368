/**
 * The request body on its way: waiting for a connection, or held until its JSON has been judged. Apart so that how much
 * may wait, for one request and for all agents together, is in one place.
 */
import type { Refusal } from '../pipeline/call.ts';
import type { JsonObject } from '../providers/index.ts';
import { parseJsonBody } from '../body/json-body.ts';

/** A body that must be judged before it may go (Anthropic takes 32 MB). */
export const maxJudgedBytes = 32 * 1024 * 1024;
/** All judged bodies of one gateway process together. */
const maxJudgedTotal = 256 * 1024 * 1024;
/** Bodies that only wait for a connection. */
const maxWaiting = 64 * 1024;
/** Bodies that go through are also read for the model's name up to this size. */
const maxRead = 512 * 1024;

export const bodyTooLarge: Refusal = {
  kind: 'refuse',
  status: 413,
  code: 'BODY_TOO_LARGE',
  reason: 'limit',
  message: 'the body is too large to be judged by model or tool',
};

/** What all requests of a gateway hold together. */
export class JudgedBytes {
  #total = 0;
  take(count: number): boolean {
    this.#total += count;
    return this.#total <= maxJudgedTotal;
  }
  give(count: number): void {
    this.#total -= count;
  }
}

export class RequestBuffer {
  readonly #shared: JudgedBytes;
  #waiting: Buffer[] = [];
  #length = 0;
  #taken = 0;
  #seen: Buffer[] | undefined = [];
  #seenLength = 0;

  constructor(shared: JudgedBytes) {
    this.#shared = shared;
  }

  /** Keeps bytes to be sent later. `judge`: all of them are needed first. False when they are too many. */
  hold(bytes: Buffer, judge: boolean): boolean {
    this.#waiting.push(bytes);
    this.#length += bytes.length;
    if (!judge) return true;
    this.#taken += bytes.length;
    return this.#shared.take(bytes.length) && this.#length <= maxJudgedBytes;
  }

  get full(): boolean {
    return this.#length >= maxWaiting;
  }

  get length(): number {
    return this.#length;
  }

  /** Remembers bytes for `json`, up to a bound. */
  observe(bytes: Buffer): void {
    if (this.#seen === undefined) return;
    this.#seenLength += bytes.length;
    if (this.#seenLength > maxRead) this.#seen = undefined;
    else this.#seen.push(bytes);
  }

  /** The held body. */
  judged(): Buffer {
    const [first] = this.#waiting;
    return first !== undefined && this.#waiting.length === 1 ? first : Buffer.concat(this.#waiting);
  }

  /** The held body as one JSON object; undefined when it is not unambiguously one. */
  judgedJson(): JsonObject | undefined {
    return parseJsonBody(this.judged());
  }

  /** Sends `body` in place of what is held. */
  replace(body: Buffer): void {
    this.takeAll();
    this.hold(body, true);
  }

  observedJson(): JsonObject | undefined {
    const seen = this.#seen ?? [];
    this.#seen = undefined;
    const [first] = seen;
    return first === undefined ? undefined : parseJsonBody(seen.length === 1 ? first : Buffer.concat(seen));
  }

  /** What is to be sent now; nothing is held afterwards. */
  takeAll(): readonly Buffer[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#length = 0;
    this.#shared.give(this.#taken);
    this.#taken = 0;
    return all;
  }
}
