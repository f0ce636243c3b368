/**
 * A streamed answer of one API as a stream of another, event by event. Sans-io: bytes in, bytes out, and of an answer never more held
 * than one event and what its codec must. A stream that stops is told as cut; none is finished in the upstream's place.
 */
import { Buffer } from 'node:buffer';
import type { CallTranslation } from './call-translation.ts';
import type { StreamReader, StreamWriter, WireEvent } from './codec.ts';
import type { FormEvent } from './form.ts';
import { framings } from './framing/index.ts';
import type { FrameReader, FrameWriter } from './framing/frame-reader.ts';

/** What the agent is told, as an event of its own API, where the upstream's bytes are no such stream. */
const unreadable: FormEvent = {
  kind: 'error',
  error: {
    status: 502,
    message: 'the upstream sent what is no stream of its API; what came before stands [UPSTREAM_UNREADABLE]',
    code: undefined,
  },
};

export interface StreamEnd {
  /** What goes on last. */
  readonly rest: Buffer;
  /** The upstream has said all; else it was cut, and so is what the agent gets. */
  readonly isWhole: boolean;
}

export class StreamAnswer {
  readonly #frames: FrameReader;
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;
  readonly #out: FrameWriter;
  /** It has said why it stopped. */
  #hasFinished = false;
  /** Nothing more of it is passed on. */
  #isOver = false;
  #isUnreadable = false;

  constructor({ from, to, framing, upstreamFraming, context }: CallTranslation) {
    this.#frames = framings[upstreamFraming].createReader();
    this.#reader = to.createStreamReader();
    this.#writer = from.createStreamWriter(context);
    this.#out = framings[framing].createWriter();
  }

  /** The upstream sent what is no stream of its API. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  push(chunk: Buffer): Buffer {
    if (this.#isOver) return Buffer.alloc(0);
    const out = this.#frames.push(chunk).flatMap((event) => this.#pass(this.#reader.read(event)));
    if (this.#frames.broken && !this.#isOver) {
      this.#isUnreadable = true;
      out.push(...this.#pass([unreadable]));
    }
    return this.#framed(out);
  }

  #pass(events: readonly FormEvent[]): WireEvent[] {
    return events.flatMap((event) => {
      if (this.#isOver) return [];
      if (event.kind === 'finish') this.#hasFinished = true;
      if (event.kind === 'end' || event.kind === 'error') this.#isOver = true;
      return this.#writer.write(event);
    });
  }

  #framed(events: readonly WireEvent[]): Buffer {
    return Buffer.concat(events.map((event) => this.#out.write(event)));
  }

  /** The upstream's body has ended cleanly. Some servers end it where others say so. */
  end(): StreamEnd {
    if (!this.#isOver && this.#hasFinished && this.#frames.end() !== 'broken') {
      const last = this.#framed(this.#pass([{ kind: 'end' }]));
      return { rest: Buffer.concat([last, this.#out.end()]), isWhole: true };
    }
    return { rest: this.#isOver ? this.#out.end() : Buffer.alloc(0), isWhole: this.#isOver };
  }
}
