/** A streamed answer for an agent: text as it comes, calls when they are whole, since their arguments are an object here. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import type { StreamContext, StreamWriter, WireEvent } from '../codec.ts';
import type { Finish, FormEvent, PartStart, Usage } from '../form.ts';
import { keptOverhead } from '../kept-bound.ts';
import { mergeUsage } from '../merge-usage.ts';
import { compact } from '../json.ts';
import { shownSignature } from '../signature.ts';
import { writeGoogleError } from './error.ts';
import { writeFinish } from './finish.ts';
import { writeAnswerPart } from './response.ts';
import { writeGoogleUsage } from './usage.ts';

interface Open {
  readonly part: PartStart;
  /** Pieces of a call's arguments. */
  readonly pieces: string[];
  signature: string | undefined;
}

export class GoogleStreamWriter implements StreamWriter {
  readonly #context: StreamContext;
  readonly #open = new Map<number, Open>();
  /** Of calls that are not whole. */
  kept = 0;
  #id: string;
  #usage: Usage | undefined;
  #finish: Finish = 'other';
  #isMalformed = false;

  constructor(context: StreamContext) {
    this.#context = context;
    this.#id = context.id;
  }

  write(event: FormEvent): WireEvent[] {
    switch (event.kind) {
      case 'start':
        this.#id = event.id ?? this.#id;
        return [];
      case 'part':
        this.#open.set(event.index, { part: event.part, pieces: [], signature: undefined });
        return [];
      case 'delta':
        return this.#writeDelta(event.index, event.text);
      case 'signature':
        return this.#writeSignature(event.index, event.signature);
      case 'part-end':
        return this.#endPart(event.index);
      case 'usage':
        this.#usage = mergeUsage(this.#usage, event.usage);
        return [];
      case 'finish':
        this.#finish = event.finish;
        return [];
      case 'error':
        return [{ name: undefined, data: writeGoogleError(event.error) }];
      case 'end':
        return this.#end();
    }
  }

  #event(parts: readonly JsonObject[], rest: JsonObject = {}, usage?: JsonObject): WireEvent {
    const candidate = { content: { parts, role: 'model' }, ...rest, index: 0 };
    const data = compact({
      candidates: [candidate],
      usageMetadata: usage,
      modelVersion: this.#context.model,
      responseId: this.#id,
    });
    return { name: undefined, data };
  }

  #writeDelta(index: number, text: string): WireEvent[] {
    const open = this.#open.get(index);
    if (open === undefined || text === '') return [];
    if (open.part.kind === 'tool-call') {
      open.pieces.push(text);
      this.kept += keptOverhead + text.length;
      return [];
    }
    if (open.part.kind !== 'thinking') return [this.#event([{ text }])];
    return open.part.redacted === undefined ? [this.#event([{ text, thought: true }])] : [];
  }

  #writeSignature(index: number, signature: string): WireEvent[] {
    const open = this.#open.get(index);
    if (open?.part.kind === 'tool-call') open.signature = signature;
    if (open?.part.kind !== 'thinking' || open.part.redacted !== undefined) return [];
    const thoughtSignature = shownSignature('google', signature);
    return [this.#event([{ text: '', thought: true, thoughtSignature }])];
  }

  #endPart(index: number): WireEvent[] {
    const open = this.#open.get(index);
    this.#open.delete(index);
    if (open?.part.kind !== 'tool-call') return [];
    const { part, pieces, signature } = open;
    const text = pieces.join('');
    this.kept -= text.length + pieces.length * keptOverhead;
    const written = writeAnswerPart({ ...part, arguments: text, signature });
    if (written !== undefined) return [this.#event([written])];
    this.#isMalformed = true;
    return [];
  }

  #end(): WireEvent[] {
    const calls = [...this.#open.keys()].flatMap((index) => this.#endPart(index));
    const finishReason = writeFinish(this.#finish, this.#isMalformed);
    return [...calls, this.#event([{ text: '' }], { finishReason }, writeGoogleUsage(this.#usage))];
  }
}
