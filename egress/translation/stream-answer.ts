/**
 * A streamed answer of one API as a stream of another, event by event. Sans-io: bytes in, bytes out, and of an answer never more held
 * than one event and what its codec must. A stream that stops is told as cut; none is finished in the upstream's place.
 */
import { Buffer } from 'node:buffer';
import type { CallTranslation } from './call-translation.ts';
import type { StreamReader, StreamWriter, WireEvent } from './codec.ts';
import type { FormEvent } from './form.ts';
import { framings } from './framing/index.ts';
import { KeptBound } from './kept-bound.ts';
import { spentEvent, type OutputMeter } from './output-meter.ts';
import type { FrameReader, FrameWriter } from './framing/frame-reader.ts';

/** What the agent is told, as an event of its own API, where the upstream's bytes are no such stream. */
function unreadable(message: string): FormEvent {
  return {
    kind: 'error',
    error: { status: 502, message: `${message} [UPSTREAM_UNREADABLE]`, code: undefined },
  };
}

const noStream = unreadable('the upstream sent what is no stream of its API; what came before stands');
const tooMuch = unreadable('the answer has more open at once, or to be kept, than can be translated');

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
  readonly #bound = new KeptBound();
  /** It has said why it stopped. */
  #hasFinished = false;
  /** Nothing more of it is passed on. */
  #isOver = false;
  #hasFailed = false;
  #isUnreadable = false;

  readonly #meter: OutputMeter | undefined;

  /** `meter`: of what its budget counts with; absent: nobody counts. */
  constructor({ from, to, framing, upstreamFraming, context }: CallTranslation, meter?: OutputMeter) {
    this.#meter = meter;
    this.#frames = framings[upstreamFraming].createReader();
    this.#reader = to.createStreamReader();
    this.#writer = from.createStreamWriter(context);
    this.#out = framings[framing].createWriter();
  }

  /** The upstream sent what is no stream of its API. */
  get isUnreadable(): boolean {
    return this.#isUnreadable;
  }

  /** It ended with an error: nothing that still comes is passed on, and nobody needs to wait for it. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  push(chunk: Buffer): Buffer {
    if (this.#isOver) return Buffer.alloc(0);
    const out = this.#frames.push(chunk).flatMap((event) => this.#pass(this.#reader.read(event)));
    if (this.#frames.broken && !this.#isOver) {
      this.#isUnreadable = true;
      out.push(...this.#pass([noStream]));
    }
    return this.#framed(out);
  }

  #pass(events: readonly FormEvent[]): WireEvent[] {
    return events.flatMap((event) => (this.#isOver ? [] : this.#passOne(event)));
  }

  #passOne(event: FormEvent): WireEvent[] {
    if (event.kind === 'finish') this.#hasFinished = true;
    this.#hasFailed ||= event.kind === 'error';
    this.#isOver = event.kind === 'end' || event.kind === 'error';
    const written = this.#writer.write(event);
    const over = this.#isOver ? undefined : this.#overWith(event);
    return over === undefined ? written : [...written, ...this.#pass([over])];
  }

  /** Why it ends with this event; undefined: it goes on. */
  #overWith(event: FormEvent): FormEvent | undefined {
    this.#meter?.see(event);
    if (this.#meter?.isOver === true) return spentEvent;
    if (this.#bound.holds(event, this.#writer.kept ?? 0)) return undefined;
    this.#isUnreadable = true;
    return tooMuch;
  }

  #framed(events: readonly WireEvent[]): Buffer {
    return Buffer.concat(events.map((event) => this.#out.write(event)));
  }

  /** The upstream's body has ended cleanly. Some servers end it where others say so. */
  end(): StreamEnd {
    const last =
      !this.#isOver && this.#frames.end() === 'whole' ? this.#pass(this.#reader.end?.() ?? []) : [];
    if (!this.#isOver && this.#hasFinished && this.#frames.end() === 'whole') {
      last.push(...this.#pass([{ kind: 'end' }]));
    }
    const rest = this.#framed(last);
    return { rest: this.#isOver ? Buffer.concat([rest, this.#out.end()]) : rest, isWhole: this.#isOver };
  }
}
