/**
 * A streamed answer: each event is an answer of its own, whose parts go on where the one before ended. Pure but for its memory of the
 * part that is open. The event that says why it ended is the last one, but for one that tells the usage late.
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
  #finished = false;
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

  #readAnswer(data: JsonObject): FormEvent[] {
    const events = this.#start(data);
    const last = this.#finished ? undefined : this.#readCandidate(data, events);
    const usage = readGoogleUsage(data);
    if (usage !== undefined) events.push({ kind: 'usage', usage });
    if (this.#over) return events;
    if (last !== undefined) events.push(last);
    // Where the usage is still to come, it is the end of the body that ends the stream.
    this.#over = this.#finished && usage !== undefined;
    return this.#over ? [...events, { kind: 'end' }] : events;
  }

  /** Its parts go to `events`; why it ended, when it has. */
  #readCandidate(data: JsonObject, events: FormEvent[]): FormEvent | undefined {
    const candidate = candidateOf(data);
    for (const part of partsOf(candidate)) {
      events.push(...this.#readPart(part));
      if (this.#over) return undefined;
    }
    const word = textOf(candidate?.['finishReason']);
    if (word === undefined && (candidate !== undefined || !isBlocked(data))) return undefined;
    events.push(...this.#close());
    return this.#finish(word);
  }

  #finish(word: string | undefined): FormEvent {
    this.#finished = true;
    const finish = word === undefined ? 'content-filter' : readFinish(word, this.#calls > 0);
    return { kind: 'finish', finish, stopSequence: undefined };
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
