/**
 * A request's body from the bytes on the wire to what the gateway decides on: its coding is taken off within caps, its type
 * is read or refused. Pure; the decoder is a port. What must go upstream is what was judged, so with a coding it is the
 * decoded bytes, without Content-Encoding: a second gzip member or bytes behind the last may be read differently.
 */
import type { Buffer } from 'node:buffer';
import type { BodyResult, PlainReader } from './body-result.ts';
import type { BodyDecoder, DecoderPort } from './decoder-port.ts';
import { negotiateBody, type BodyHead, type ContentCoding } from './negotiation.ts';
import { createPlainReader } from './plain-reader.ts';
import { unreadable, type Unreadable } from './unreadable.ts';

export interface BodyListener {
  /** Bytes that were judged: to be held, and sent in place of what came. */
  judged(bytes: Buffer): void;
  /** After `push` answered false: more may be pushed. */
  drained(): void;
  /** Exactly once, unless it was closed before; nothing is judged afterwards. */
  done(result: BodyResult): void;
}

export interface BodyCaps {
  /** Bytes of the decoded body. Default 32 MiB: what Anthropic takes. */
  readonly bytes: number;
  /** Decoded bytes for each coded one, above the first MiB. Default 100: JSON seldom reaches 30. */
  readonly ratio: number;
}

export const bodyCaps: BodyCaps = { bytes: 32 * 1024 * 1024, ratio: 100 };
const freeBytes = 1024 * 1024;

const brokenCoding = unreadable(
  'BODY_CODING_BROKEN',
  'the body is not whole, or not coded as its Content-Encoding says',
);
const bomb = unreadable('BODY_TOO_LARGE', 'the body is compressed too far; send it without Content-Encoding');

function tooLarge({ bytes }: BodyCaps): Unreadable {
  return unreadable('BODY_TOO_LARGE', `a body that is judged may have ${bytes} bytes`);
}

export class RequestBodyReader {
  /** Taken off here: `judged` has the plain bytes, and Content-Encoding is no longer true. */
  readonly coding: ContentCoding | undefined;
  readonly #plain: PlainReader;
  readonly #listener: BodyListener;
  readonly #caps: BodyCaps;
  readonly #decoder: BodyDecoder | undefined;
  #coded = 0;
  #decoded = 0;
  #done = false;

  constructor(
    plain: PlainReader,
    listener: BodyListener,
    { coding, port, caps }: { coding: ContentCoding | undefined; port: DecoderPort; caps: BodyCaps },
  ) {
    this.coding = coding;
    this.#plain = plain;
    this.#listener = listener;
    this.#caps = caps;
    this.#decoder =
      coding === undefined
        ? undefined
        : port.open(coding, {
            data: (bytes) => this.#take(bytes),
            end: () => this.#end(),
            failed: () => this.#finish(brokenCoding),
            drained: () => {
              if (!this.#done) this.#listener.drained();
            },
          });
  }

  /** Bytes as they came, which must not change afterwards. False: wait for `drained`. */
  push(bytes: Buffer): boolean {
    if (this.#done) return true;
    this.#coded += bytes.length;
    if (this.#decoder === undefined) {
      this.#take(bytes);
      return true;
    }
    if (this.#coded <= this.#caps.bytes) return this.#decoder.write(bytes);
    this.#finish(tooLarge(this.#caps));
    return true;
  }

  /** The body is complete; the result comes now, or when it is decoded. */
  end(): void {
    if (this.#done) return;
    if (this.#decoder === undefined) this.#end();
    else this.#decoder.end();
  }

  /** The call is over: nothing is reported any more. Safe to repeat. */
  close(): void {
    this.#done = true;
    this.#decoder?.close();
  }

  #take(bytes: Buffer): void {
    if (this.#done) return;
    this.#decoded += bytes.length;
    const refused = this.#exceeded() ?? this.#plain.push(bytes);
    if (refused === undefined) this.#listener.judged(bytes);
    else this.#finish(refused);
  }

  #exceeded(): Unreadable | undefined {
    if (this.#decoded > this.#caps.bytes) return tooLarge(this.#caps);
    const isBomb = this.#decoded > freeBytes + this.#coded * this.#caps.ratio;
    return isBomb ? bomb : undefined;
  }

  #end(): void {
    if (!this.#done) this.#finish(this.#plain.end());
  }

  #finish(result: BodyResult): void {
    if (this.#done) return;
    this.close();
    this.#listener.done(result);
  }
}

/** The reader of a body, or why one with this head will not be read. */
export function createBodyReader(
  head: BodyHead,
  port: DecoderPort,
  listener: BodyListener,
  caps: BodyCaps = bodyCaps,
): RequestBodyReader | Unreadable {
  const form = negotiateBody(head, port.codings);
  if ('kind' in form) return form;
  const plain = createPlainReader(head.want, form.boundary);
  return new RequestBodyReader(plain, listener, { coding: form.coding, port, caps });
}
