/**
 * A streamed answer for an agent: an item a part, its beginning, its pieces and the whole of it at its end, and the whole answer at
 * the end of all, as the API promises. So it remembers what it wrote. Pure otherwise.
 */
import type { JsonObject } from '../../providers/index.ts';
import type { StreamContext, StreamWriter, WireEvent } from '../codec.ts';
import type { Finish, FormError, FormEvent, Part, PartStart, Usage } from '../form.ts';
import { keptOverhead } from '../kept-bound.ts';
import { mergeUsage } from '../merge-usage.ts';
import { codeOf } from './error.ts';
import { writeItem } from './item.ts';
import { itemEvents, type ItemEvent, type ItemPlace } from './item-events.ts';
import { isIncomplete, writeObject, type Written } from './response.ts';

interface Open {
  readonly start: PartStart;
  readonly place: ItemPlace;
  readonly pieces: string[];
  signature: string | undefined;
}

function partOf({ start, pieces, signature }: Open): Part {
  const text = pieces.join('');
  if (start.kind === 'tool-call') return { ...start, arguments: text, signature };
  return start.kind === 'thinking' ? { ...start, text, signature } : { kind: start.kind, text };
}

export class ResponsesStreamWriter implements StreamWriter {
  readonly #context: StreamContext;
  readonly #open = new Map<number, Open>();
  readonly #output: JsonObject[] = [];
  /** All of the answer so far: it is told once more at the end. */
  kept = 0;
  #id: string;
  #started = false;
  #sequence = 0;
  #items = 0;
  #usage: Usage | undefined;
  #finish: Finish = 'other';

  constructor(context: StreamContext) {
    this.#context = context;
    this.#id = context.id;
  }

  write(event: FormEvent): WireEvent[] {
    switch (event.kind) {
      case 'start':
        this.#id = event.id ?? this.#id;
        return this.#start();
      case 'part':
        return [...this.#start(), ...this.#begin(event.index, event.part)];
      case 'delta':
        return this.#say(event.index, event.text);
      case 'signature':
        this.#sign(event.index, event.signature);
        return [];
      case 'part-end':
        return this.#close(event.index);
      case 'usage':
        this.#usage = mergeUsage(this.#usage, event.usage);
        return [];
      case 'finish':
        this.#finish = event.finish;
        return [];
      case 'error':
        return this.#fail(event.error);
      case 'end':
        return this.#end();
    }
  }

  #event(type: string, members: JsonObject): WireEvent {
    const data = { type, ...members, sequence_number: this.#sequence };
    this.#sequence += 1;
    return { name: type, data };
  }

  #told(events: readonly ItemEvent[]): WireEvent[] {
    return events.map(([type, members]) => this.#event(type, members));
  }

  #object(status: Written['status'], error?: JsonObject): JsonObject {
    const written = { id: this.#id, status, output: this.#output, finish: this.#finish, usage: this.#usage };
    return writeObject(error === undefined ? written : { ...written, error }, this.#context);
  }

  #start(): WireEvent[] {
    if (this.#started) return [];
    this.#started = true;
    const response = this.#object('in_progress');
    return ['response.created', 'response.in_progress'].map((type) => this.#event(type, { response }));
  }

  #begin(index: number, start: PartStart): WireEvent[] {
    // Nobody but its maker can read it.
    if (start.kind === 'thinking' && start.redacted !== undefined) return [];
    const id = `${this.#id}_${this.#items}`;
    const open: Open = { start, place: { id, index: this.#items }, pieces: [], signature: undefined };
    this.#items += 1;
    this.kept += keptOverhead + (start.kind === 'tool-call' ? start.id.length + start.name.length : 0);
    this.#open.set(index, open);
    return this.#told(itemEvents.begin(partOf(open), open.place));
  }

  #say(index: number, text: string): WireEvent[] {
    const open = this.#open.get(index);
    if (open === undefined || text === '') return [];
    const isFirst = open.pieces.length === 0;
    open.pieces.push(text);
    this.kept += keptOverhead + text.length;
    return this.#told(itemEvents.delta(open.start.kind, { ...open.place, text, isFirst }));
  }

  #sign(index: number, signature: string): void {
    const open = this.#open.get(index);
    if (open === undefined) return;
    this.kept += signature.length;
    open.signature = signature;
  }

  #close(index: number): WireEvent[] {
    const open = this.#open.get(index);
    if (open === undefined) return [];
    this.#open.delete(index);
    const part = partOf(open);
    const item = writeItem(part, open.place.id, 'completed');
    if (item !== undefined) this.#output[open.place.index] = item;
    return this.#told(itemEvents.end(part, open.place));
  }

  #closeAll(): WireEvent[] {
    return [...this.#open.keys()].flatMap((index) => this.#close(index));
  }

  #end(): WireEvent[] {
    const closed = [...this.#start(), ...this.#closeAll()];
    const status = isIncomplete(this.#finish) ? 'incomplete' : 'completed';
    return [...closed, this.#event(`response.${status}`, { response: this.#object(status) })];
  }

  /** An answer that had begun fails as a response; otherwise there is none that could. */
  #fail(error: FormError): WireEvent[] {
    const told = { code: codeOf(error), message: error.message };
    if (!this.#started) return [this.#event('error', { ...told, param: null })];
    const output = this.#output.filter((item) => item !== undefined);
    const response = { ...this.#object('failed', told), output };
    return [this.#event('response.failed', { response })];
  }
}
