/**
 * An answer that is kept for who asks later: its head, as much of its body as has room, and how it ended. It must never say that
 * an answer is whole when it was cut.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { callResults, hopByHop, type CallResult } from '../contract/index.ts';
import type { AnswerHead, CallAnswer } from '../process/index.ts';

/** Of how it was framed and when it was sent. */
const notKept: ReadonlySet<string> = new Set(['content-length', 'date']);
const isHop = hopByHop(undefined);

type KeptHeaders = Record<string, string | string[]>;

/** Those of the platform first: they say what the answer is. */
function boundedHeaders(headers: OutgoingHttpHeaders): { kept: KeptHeaders; left: number } {
  const kept: KeptHeaders = {};
  let room: number = callResults.maxHeaderBytes;
  let left = 0;
  const rank = ([name]: readonly [string, unknown]): number =>
    name.startsWith('x-clrk-') || name === 'content-type' ? 0 : 1;
  for (const [name, value] of Object.entries(headers).sort((a, b) => rank(a) - rank(b))) {
    const lower = name.toLowerCase();
    if (value === undefined || isHop(lower) || notKept.has(lower)) continue;
    const text = Array.isArray(value) ? value.map(String) : String(value);
    const bytes = Buffer.byteLength(JSON.stringify([name, text]));
    if (bytes > room) {
      left += 1;
      continue;
    }
    room -= bytes;
    kept[name] = text;
  }
  return { kept, left };
}

export class KeptAnswer implements CallAnswer {
  #head: AnswerHead | undefined;
  readonly #chunks: Uint8Array[] = [];
  #room: number = callResults.maxBodyBytes;
  #bytes = 0;
  #end: 'open' | 'whole' | 'broken' = 'open';
  #trailers: Readonly<Record<string, string>> = {};

  get begun(): boolean {
    return this.#head !== undefined;
  }

  get closed(): boolean {
    return this.#end !== 'open';
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  begin(head: AnswerHead): void {
    if (!this.closed) this.#head ??= head;
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.#bytes += chunk.length;
    const kept = chunk.subarray(0, this.#room);
    this.#room -= kept.length;
    // A copy: a part of a larger buffer would keep all of it.
    if (kept.length > 0) this.#chunks.push(Uint8Array.from(kept));
    return Promise.resolve();
  }

  end(trailers: Readonly<Record<string, string>> = {}): void {
    if (this.closed) return;
    this.#trailers = trailers;
    this.#end = 'whole';
  }

  cut(): void {
    if (!this.closed) this.#end = 'broken';
  }

  /** Nobody is there to go. */
  onGone(): void {}

  finished(): Promise<void> {
    return Promise.resolve();
  }

  /** What there is now; one that never began broke before it did. */
  result(): CallResult {
    const body = Buffer.concat(this.#chunks);
    const { kept: headers, left } = boundedHeaders({ ...this.#head?.headers, ...this.#trailers });
    const isWhole = this.#end === 'whole' && this.#head !== undefined;
    return {
      version: 1,
      status: this.#head?.status ?? 502,
      headers,
      end: !isWhole ? 'broken' : body.length < this.#bytes ? 'cut' : 'whole',
      bytes: this.#bytes,
      ...(left === 0 ? {} : { headersLeft: left }),
      body,
    };
  }
}
