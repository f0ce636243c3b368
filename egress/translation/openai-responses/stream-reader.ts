/**
 * A streamed answer: items and contents begin and end by events of their own. Servers that only look like OpenAI leave some out, so a
 * part begins with whatever is first told of it. Pure but for its memory of the parts that are open.
 */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { StreamReader, WireEvent } from '../codec.ts';
import { countOf, textOf } from '../count.ts';
import type { FormEvent, Part, PartStart } from '../form.ts';
import { readStreamError } from './error.ts';
import { signatureOf, thoughtOf } from './item.ts';
import { readFinish } from './response.ts';
import { readResponsesUsage } from './usage.ts';

interface Open {
  readonly index: number;
  hasText: boolean;
  /** Summaries come in parts; between two of them is an empty line. */
  summary: number;
}

const textStart: PartStart = { kind: 'text' };
const refusalStart: PartStart = { kind: 'refusal' };
const thinkingStart: PartStart = { kind: 'thinking', redacted: undefined };

export class ResponsesStreamReader implements StreamReader {
  readonly #open = new Map<string, Open>();
  readonly #kinds = new Set<Part['kind']>();
  #events: FormEvent[] = [];
  #started = false;
  #over = false;
  #next = 0;

  read({ data }: WireEvent): FormEvent[] {
    if (this.#over || data === '[DONE]') return [];
    this.#events = [];
    this.#readEvent(data);
    return this.#events;
  }

  #readEvent(data: JsonObject): void {
    switch (data['type']) {
      case 'response.created':
        this.#start(asObject(data['response']) ?? {});
        break;
      case 'response.output_item.added':
        this.#addItem(data, asObject(data['item']) ?? {});
        break;
      case 'response.output_item.done':
        this.#endItem(data, asObject(data['item']) ?? {});
        break;
      case 'response.completed':
      case 'response.incomplete':
        this.#end(asObject(data['response']) ?? {});
        break;
      case 'response.failed':
        this.#fail(asObject(asObject(data['response'])?.['error']) ?? {});
        break;
      case 'error':
        this.#fail(asObject(data['error']) ?? data);
        break;
      default:
        this.#readContent(data);
    }
  }

  #readContent(data: JsonObject): void {
    const content = `${itemOf(data)}:${countOf(data['content_index']) ?? 0}`;
    switch (data['type']) {
      case 'response.content_part.added':
        this.#addContent(content, asObject(data['part']) ?? {});
        break;
      case 'response.output_text.delta':
        this.#say(content, textStart, textOf(data['delta']));
        break;
      case 'response.output_text.done':
        this.#sayAll(content, textStart, textOf(data['text']));
        break;
      case 'response.refusal.delta':
        this.#say(content, refusalStart, textOf(data['delta']));
        break;
      case 'response.refusal.done':
        this.#sayAll(content, refusalStart, textOf(data['refusal']));
        break;
      case 'response.content_part.done':
        if (isSpoken(asObject(data['part']))) this.#close(content);
        break;
      default:
        this.#readInner(data, itemOf(data));
    }
  }

  /** Of calls and thoughts, which are an item each. */
  #readInner(data: JsonObject, item: string): void {
    switch (data['type']) {
      case 'response.function_call_arguments.delta':
        if (this.#open.has(item)) this.#say(item, textStart, textOf(data['delta']));
        break;
      case 'response.reasoning_summary_text.delta':
        this.#summarize(item, countOf(data['summary_index']) ?? 0, textOf(data['delta']));
        break;
      case 'response.reasoning_text.delta':
        this.#summarize(item, countOf(data['content_index']) ?? 0, textOf(data['delta']));
        break;
    }
  }

  #start(response: JsonObject): void {
    if (this.#started) return;
    this.#started = true;
    this.#events.push({ kind: 'start', id: textOf(response['id']), model: textOf(response['model']) });
  }

  #begin(key: string, part: PartStart): Open {
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const open = { index: this.#next, hasText: false, summary: 0 };
    this.#next += 1;
    this.#open.set(key, open);
    this.#kinds.add(part.kind);
    this.#events.push({ kind: 'part', index: open.index, part });
    return open;
  }

  #say(key: string, part: PartStart, text: string | undefined): void {
    if (text === undefined) return;
    const open = this.#begin(key, part);
    if (text === '') return;
    open.hasText = true;
    this.#events.push({ kind: 'delta', index: open.index, text });
  }

  /** The whole of it, from servers that sent no pieces. */
  #sayAll(key: string, part: PartStart, text: string | undefined): void {
    if (text !== undefined && this.#open.get(key)?.hasText !== true) this.#say(key, part, text);
  }

  #summarize(key: string, at: number, text: string | undefined): void {
    const open = this.#begin(key, thinkingStart);
    if (open.hasText && at !== open.summary) this.#say(key, thinkingStart, '\n\n');
    open.summary = at;
    this.#say(key, thinkingStart, text);
  }

  #addContent(key: string, part: JsonObject): void {
    if (part['type'] === 'refusal') this.#say(key, refusalStart, textOf(part['refusal']) ?? '');
    else if (part['type'] === 'output_text') this.#say(key, textStart, textOf(part['text']) ?? '');
  }

  #addItem(data: JsonObject, item: JsonObject): void {
    const key = itemOf(data);
    if (item['type'] === 'reasoning') this.#begin(key, thinkingStart);
    if (item['type'] !== 'function_call') return;
    const id = textOf(item['call_id']) ?? textOf(item['id']) ?? '';
    this.#begin(key, { kind: 'tool-call', id, name: textOf(item['name']) ?? '' });
    this.#say(key, textStart, textOf(item['arguments']));
  }

  #endItem(data: JsonObject, item: JsonObject): void {
    const key = itemOf(data);
    if (item['type'] === 'function_call') {
      if (!this.#open.has(key)) this.#addItem(data, item);
      else this.#sayAll(key, textStart, textOf(item['arguments']));
    } else if (item['type'] === 'reasoning') {
      this.#sayAll(key, thinkingStart, thoughtOf(item));
      const signature = signatureOf(item);
      const open = this.#open.get(key);
      if (signature !== undefined && open !== undefined) {
        this.#events.push({ kind: 'signature', index: open.index, signature });
      }
    }
    this.#close(key);
  }

  #close(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    this.#events.push({ kind: 'part-end', index: open.index });
  }

  #end(response: JsonObject): void {
    this.#over = true;
    for (const key of this.#open.keys()) this.#close(key);
    const usage = readResponsesUsage(response);
    if (usage !== undefined) this.#events.push({ kind: 'usage', usage });
    const finish = readFinish(response, this.#kinds);
    this.#events.push({ kind: 'finish', finish, stopSequence: undefined }, { kind: 'end' });
  }

  #fail(error: JsonObject): void {
    this.#over = true;
    this.#events.push({ kind: 'error', error: readStreamError(error) });
  }
}

function itemOf(data: JsonObject): string {
  return String(countOf(data['output_index']) ?? 0);
}

function isSpoken(part: JsonObject | undefined): boolean {
  return part?.['type'] === 'output_text' || part?.['type'] === 'refusal';
}
