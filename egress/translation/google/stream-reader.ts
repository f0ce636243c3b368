/**
 * A streamed answer: each event is an answer of its own, whose parts go on where the one before ended. Pure but for its memory of the
 * part that is open. That an event says why it ended does not make it the last: usage may come late, and some models say STOP with every
 * event. So it is the end of the body that ends the answer, and the last reason that counts; without either it was cut.
 */
import type { JsonObject } from '../../providers/index.ts';
import type { StreamReader, WireEvent } from '../codec.ts';
import { textOf } from '../count.ts';
import type { FormEvent, Part } from '../form.ts';
import { readStreamError } from './error.ts';
import { readFinish } from './finish.ts';
import { candidateOf, isBlocked, partsOf, readAnswerPart } from './response.ts';
import { readGoogleUsage } from './usage.ts';

export class GoogleStreamReader implements StreamReader {
  #started = false;
  #over = false;
  /** Why it ended, in Google's word, as the last event that said so did. */
  #reason: string | undefined;
  #open: 'text' | 'thinking' | undefined;
  #index = -1;
  #calls = 0;
  #id = '';

  read({ data }: WireEvent): FormEvent[] {
    if (this.#over || data === '[DONE]') return [];
    const error = readStreamError(data);
    if (error !== undefined) {
      this.#over = true;
      return [{ kind: 'error', error }];
    }
    return this.#readAnswer(data);
  }

  end(): FormEvent[] {
    if (this.#over || this.#reason === undefined) return [];
    this.#over = true;
    const finish = readFinish(this.#reason, this.#calls > 0);
    return [...this.#close(), { kind: 'finish', finish, stopSequence: undefined }, { kind: 'end' }];
  }

  #readAnswer(data: JsonObject): FormEvent[] {
    const events = this.#start(data);
    const candidate = candidateOf(data);
    for (const part of partsOf(candidate)) {
      events.push(...this.#readPart(part));
      if (this.#over) return events;
    }
    // A question that was refused has no candidate to say so.
    const refused = candidate === undefined && isBlocked(data) ? 'PROHIBITED_CONTENT' : undefined;
    this.#reason = textOf(candidate?.['finishReason']) ?? refused ?? this.#reason;
    const usage = readGoogleUsage(data);
    if (usage !== undefined) events.push({ kind: 'usage', usage });
    return events;
  }

  #start(data: JsonObject): FormEvent[] {
    if (this.#started) return [];
    this.#started = true;
    const id = textOf(data['responseId']);
    this.#id = id ?? '';
    return [{ kind: 'start', id, model: textOf(data['modelVersion']) }];
  }

  #close(): FormEvent[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    return [{ kind: 'part-end', index: this.#index }];
  }

  #readPart(wire: JsonObject): FormEvent[] {
    const part = readAnswerPart(wire, `call_${this.#id}_${this.#calls}`);
    if (part === undefined) return [];
    if (part === 'too-deep') return [this.#fail()];
    if (part.kind === 'tool-call') return this.#readCall(part);
    if (part.kind === 'text') return part.text === '' ? [] : this.#goOn('text', part.text);
    if (part.kind !== 'thinking') return [];
    const { text, signature } = part;
    if (text === '' && signature === undefined) return [];
    const events = this.#goOn('thinking', text);
    if (signature !== undefined) events.push({ kind: 'signature', index: this.#index, signature });
    return events;
  }

  /** Without one of its calls it would be another answer. */
  #fail(): FormEvent {
    this.#over = true;
    const message = 'the upstream calls a tool with arguments nested too deep [UPSTREAM_UNREADABLE]';
    return { kind: 'error', error: { status: 502, message, code: undefined } };
  }

  #goOn(kind: 'text' | 'thinking', text: string): FormEvent[] {
    const events: FormEvent[] = [];
    if (this.#open !== kind) {
      events.push(...this.#close());
      this.#open = kind;
      this.#index += 1;
      const part = kind === 'text' ? { kind } : { kind, redacted: undefined };
      events.push({ kind: 'part', index: this.#index, part });
    }
    if (text !== '') events.push({ kind: 'delta', index: this.#index, text });
    return events;
  }

  #readCall({ id, name, arguments: text, signature }: Extract<Part, { kind: 'tool-call' }>): FormEvent[] {
    const events = this.#close();
    this.#index += 1;
    this.#calls += 1;
    const index = this.#index;
    events.push(
      { kind: 'part', index, part: { kind: 'tool-call', id, name } },
      { kind: 'delta', index, text },
    );
    if (signature !== undefined) events.push({ kind: 'signature', index, signature });
    events.push({ kind: 'part-end', index });
    return events;
  }
}
