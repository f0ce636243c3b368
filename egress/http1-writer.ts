/**
 * Writes HTTP/1.1 messages to a socket, whatever its side: the head and what of the body is there leave in one piece, once a
 * turn of the event loop. Writes wait until all that has arrived is worked off, so that a sleeping peer is woken for many
 * messages and not for each, which cost more than the message (docs/decisions/021). Nothing waits longer than the turn.
 */
import { chunkPrefix, chunkSuffix, renderLastChunk, type Field, type Framing } from './http1/index.ts';

interface Sink {
  cork(): void;
  uncork(): void;
  write(chunk: Buffer): boolean;
  write(chunk: string, encoding: 'latin1'): boolean;
}

/** Up to this size copying bytes beside their head is cheaper than a second buffer in the write. */
const maxJoined = 16 * 1024;

let held: Http1Writer[] = [];

function releaseAll(): void {
  const writers = held;
  held = [];
  for (const writer of writers) writer.release();
}

export class Http1Writer {
  readonly #sink: Sink;
  #framing: Framing = { kind: 'none' };
  /** Text that goes before the next bytes. */
  #text = '';
  #holding = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Starts a message. `head` is latin1 text with its final empty line. */
  start(head: string, framing: Framing): void {
    this.#framing = framing;
    this.#text += head;
    this.#hold();
  }

  /** A part of the body; false: wait for `drain`. Bytes of a message that has none are dropped. */
  write(bytes: Buffer): boolean {
    if (bytes.length === 0 || this.#framing.kind === 'none') return true;
    this.#hold();
    const chunked = this.#framing.kind === 'chunked';
    const before = chunked ? `${this.#text}${chunkPrefix(bytes.length)}` : this.#text;
    // The end of a chunk goes out with whatever follows it in this turn.
    this.#text = chunked ? chunkSuffix : '';
    if (before === '') return this.#sink.write(bytes);
    if (before.length + bytes.length <= maxJoined) return this.#sink.write(join(before, bytes));
    this.#sink.write(before, 'latin1');
    return this.#sink.write(bytes);
  }

  end(trailers: readonly Field[]): void {
    if (this.#framing.kind !== 'chunked') return;
    this.#text += renderLastChunk(trailers);
    this.#hold();
  }

  /** Nothing of it is left here: before the socket is ended or given to someone else. */
  flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#sink.write(text, 'latin1');
  }

  release(): void {
    this.#holding = false;
    this.flush();
    this.#sink.uncork();
  }

  #hold(): void {
    if (this.#holding) return;
    this.#holding = true;
    this.#sink.cork();
    // Immediates run right after the phase that reads sockets.
    if (held.length === 0) setImmediate(releaseAll);
    held.push(this);
  }
}

function join(text: string, bytes: Buffer): Buffer {
  const joined = Buffer.allocUnsafe(text.length + bytes.length);
  joined.write(text, 0, 'latin1');
  joined.set(bytes, text.length);
  return joined;
}
