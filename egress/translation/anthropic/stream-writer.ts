/**
 * Events of the form as a streamed message. Blocks follow one another here, so of parts that are open at once one is written and the
 * others wait, up to a bound: beyond it the answer ends with an error, never with a part of it.
 */
import type { JsonObject } from '../../providers/index.ts';
import type { StreamContext, StreamWriter, WireEvent } from '../codec.ts';
import type { Finish, FormEvent, PartStart, Usage } from '../form.ts';
import { keptOverhead, maxKept } from '../kept-bound.ts';
import { mergeUsage, noUsage } from '../merge-usage.ts';
import { shownSignature } from '../signature.ts';
import { writeAnthropicError } from './error.ts';
import { writeStop } from './response.ts';
import { writeUsage } from './usage.ts';

interface Block {
  readonly part: PartStart;
  readonly waiting: JsonObject[];
  ended: boolean;
}

function event(data: JsonObject & { readonly type: string }): WireEvent {
  return { name: data.type, data };
}

function startOf(part: PartStart): JsonObject {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '' };
    case 'thinking':
      return part.redacted === undefined
        ? { type: 'thinking', thinking: '', signature: '' }
        : { type: 'redacted_thinking', data: shownSignature('claude', part.redacted) };
    case 'tool-call':
      return { type: 'tool_use', id: part.id, name: part.name, input: {} };
  }
}

function deltaOf(part: PartStart, text: string): JsonObject {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { type: 'text_delta', text };
    case 'thinking':
      return { type: 'thinking_delta', thinking: text };
    case 'tool-call':
      return { type: 'input_json_delta', partial_json: text };
  }
}

export class AnthropicStreamWriter implements StreamWriter {
  readonly #context: StreamContext;
  /** By the form's index, in the order they began; the first is the one being written. */
  readonly #blocks = new Map<number, Block>();
  /** Of the block being written. */
  #at = 0;
  #waiting = 0;
  #isOver = false;
  #usage: Usage | undefined;
  #stop: { readonly finish: Finish; readonly stopSequence: string | undefined } | undefined;

  constructor(context: StreamContext) {
    this.#context = context;
  }

  write(form: FormEvent): WireEvent[] {
    if (this.#isOver) return [];
    switch (form.kind) {
      case 'start':
        return [this.#begin(form.id)];
      case 'part':
        return this.#open(form.index, form.part);
      case 'delta':
        return this.#delta(form.index, (part) => deltaOf(part, form.text), form.text.length);
      case 'signature':
        return this.#sign(form.index, form.signature);
      case 'part-end':
        return this.#close(form.index);
      case 'usage':
        this.#usage = mergeUsage(this.#usage, form.usage);
        return [];
      case 'finish':
        this.#stop = form;
        return [];
      case 'error':
        return [this.#fail(writeAnthropicError(form.error))];
      case 'end':
        return this.#end();
      default:
        return form satisfies never;
    }
  }

  #begin(id: string | undefined): WireEvent {
    const { model, id: made } = this.#context;
    const message = {
      ...{ id: id ?? made, type: 'message', role: 'assistant', model, content: [] },
      ...{ stop_reason: null, stop_sequence: null, usage: writeUsage(this.#usage ?? noUsage) },
    };
    return event({ type: 'message_start', message });
  }

  #open(index: number, part: PartStart): WireEvent[] {
    this.#blocks.set(index, { part, waiting: [], ended: false });
    return this.#blocks.size === 1 ? [this.#start(part)] : [];
  }

  #start(part: PartStart): WireEvent {
    return event({ type: 'content_block_start', index: this.#at, content_block: startOf(part) });
  }

  #delta(index: number, make: (part: PartStart) => JsonObject, size: number): WireEvent[] {
    const block = this.#blocks.get(index);
    if (block === undefined) return [];
    const delta = make(block.part);
    if (block === this.#first) return [event({ type: 'content_block_delta', index: this.#at, delta })];
    this.#waiting += size + keptOverhead;
    if (this.#waiting > maxKept) {
      const message = 'the answer has more open at once than can be translated';
      return [this.#fail(writeAnthropicError({ status: 502, message, code: undefined }))];
    }
    block.waiting.push(delta);
    return [];
  }

  /** Signatures of calls are Google's. */
  #sign(index: number, signature: string): WireEvent[] {
    if (this.#blocks.get(index)?.part.kind !== 'thinking') return [];
    const shown = shownSignature('claude', signature);
    return this.#delta(index, () => ({ type: 'signature_delta', signature: shown }), shown.length);
  }

  get #first(): Block | undefined {
    return this.#blocks.values().next().value;
  }

  #close(index: number): WireEvent[] {
    const block = this.#blocks.get(index);
    if (block === undefined) return [];
    block.ended = true;
    return block === this.#first ? this.#goOn() : [];
  }

  /** The first is over: writes what waited of the next, and of those that are over already. */
  #goOn(): WireEvent[] {
    const events: WireEvent[] = [];
    for (const [index, block] of this.#blocks) {
      if (events.length > 0) {
        events.push(this.#start(block.part));
        for (const released of this.#released(block)) events.push(released);
      }
      if (!block.ended) break;
      events.push(event({ type: 'content_block_stop', index: this.#at }));
      this.#at += 1;
      this.#blocks.delete(index);
    }
    return events;
  }

  #released({ waiting }: Block): WireEvent[] {
    // From here on it is written as it comes.
    return waiting.splice(0).map((delta) => {
      return event({ type: 'content_block_delta', index: this.#at, delta });
    });
  }

  #end(): WireEvent[] {
    const closed = [...this.#blocks.keys()].flatMap((index) => this.#close(index));
    this.#isOver = true;
    const { finish, stopSequence } = this.#stop ?? { finish: 'other' as const, stopSequence: undefined };
    const delta = writeStop(finish, stopSequence);
    const usage = writeUsage(this.#usage ?? noUsage);
    return [...closed, event({ type: 'message_delta', delta, usage }), event({ type: 'message_stop' })];
  }

  #fail(body: JsonObject): WireEvent {
    this.#isOver = true;
    return { name: 'error', data: body };
  }
}
