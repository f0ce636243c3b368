/** A streamed answer: blocks by their index, the reason to stop, then the report of usage, which is the last event. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { StreamReader, WireEvent } from '../codec.ts';
import { countOf, textOf } from '../count.ts';
import type { FormEvent, PartStart } from '../form.ts';
import { readStreamError } from './error.ts';
import { readFinish } from './finish.ts';
import { signedOf } from './response.ts';
import { readConverseUsage } from './usage.ts';

export class ConverseStreamReader implements StreamReader {
  /** Parts by the blocks that are open. */
  readonly #open = new Map<number, number>();
  #next = 0;
  #stopped = false;
  #over = false;
  #events: FormEvent[] = [];

  read({ name, data }: WireEvent): FormEvent[] {
    if (this.#over || data === '[DONE]') return [];
    this.#events = [];
    const error = readStreamError(name, data);
    if (error === undefined) this.#readEvent(name, data);
    else {
      this.#over = true;
      this.#events.push({ kind: 'error', error });
    }
    return this.#events;
  }

  #readEvent(name: string | undefined, data: JsonObject): void {
    const block = countOf(data['contentBlockIndex']) ?? 0;
    switch (name ?? '') {
      case 'messageStart':
        this.#events.push({ kind: 'start', id: undefined, model: undefined });
        break;
      case 'contentBlockStart':
        this.#readStart(block, asObject(data['start']) ?? {});
        break;
      case 'contentBlockDelta':
        this.#readDelta(block, asObject(data['delta']) ?? {});
        break;
      case 'contentBlockStop':
        this.#close(block);
        break;
      case 'messageStop':
        this.#readStop(textOf(data['stopReason']));
        break;
      case 'metadata':
        this.#readMetadata(data);
        break;
      default:
        // Events of tomorrow are passed over.
        break;
    }
  }

  #begin(block: number, part: PartStart): number {
    const known = this.#open.get(block);
    if (known !== undefined) return known;
    const index = this.#next;
    this.#next += 1;
    this.#open.set(block, index);
    this.#events.push({ kind: 'part', index, part });
    return index;
  }

  /** Only calls begin by an event; text and thoughts by what is first said. */
  #readStart(block: number, start: JsonObject): void {
    const call = asObject(start['toolUse']);
    if (call === undefined) return;
    const id = textOf(call['toolUseId']) ?? '';
    this.#begin(block, { kind: 'tool-call', id, name: textOf(call['name']) ?? '' });
  }

  #say(index: number, text: string | undefined): void {
    if (text !== undefined && text !== '') this.#events.push({ kind: 'delta', index, text });
  }

  #readDelta(block: number, delta: JsonObject): void {
    const text = textOf(delta['text']);
    if (text !== undefined) this.#say(this.#begin(block, { kind: 'text' }), text);
    const index = this.#open.get(block);
    const call = asObject(delta['toolUse']);
    if (call !== undefined && index !== undefined) this.#say(index, textOf(call['input']));
    const reasoning = asObject(delta['reasoningContent']);
    if (reasoning !== undefined) this.#readReasoning(block, reasoning);
  }

  #readReasoning(block: number, reasoning: JsonObject): void {
    const redacted = signedOf(reasoning['redactedContent']);
    const index = this.#begin(block, { kind: 'thinking', redacted });
    this.#say(index, textOf(reasoning['text']));
    const signature = signedOf(reasoning['signature']);
    if (signature !== undefined) this.#events.push({ kind: 'signature', index, signature });
  }

  #close(block: number): void {
    const index = this.#open.get(block);
    if (index === undefined) return;
    this.#open.delete(block);
    this.#events.push({ kind: 'part-end', index });
  }

  #readStop(word: string | undefined): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const block of this.#open.keys()) this.#close(block);
    this.#events.push({ kind: 'finish', finish: readFinish(word), stopSequence: undefined });
  }

  #readMetadata(data: JsonObject): void {
    const usage = readConverseUsage(data);
    if (usage !== undefined) this.#events.push({ kind: 'usage', usage });
    if (!this.#stopped) return;
    this.#over = true;
    this.#events.push({ kind: 'end' });
  }
}
