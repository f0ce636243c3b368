/** Events of a streamed message into events of the form. Remembers which blocks are open and what was used so far. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { StreamReader, WireEvent } from '../codec.ts';
import type { FormEvent, PartStart } from '../form.ts';
import { readAnthropicError } from './error.ts';
import { finishOf, signedOf, textOf } from './response.ts';
import { UsageSum } from './usage.ts';

const textNames: ReadonlyMap<unknown, string> = new Map([
  ['text_delta', 'text'],
  ['thinking_delta', 'thinking'],
  ['input_json_delta', 'partial_json'],
]);

export class AnthropicStreamReader implements StreamReader {
  readonly #usage = new UsageSum();
  readonly #open = new Set<number>();
  #isOver = false;

  read({ name, data }: WireEvent): FormEvent[] {
    if (this.#isOver || data === '[DONE]') return [];
    const { type = name } = data;
    switch (typeof type === 'string' ? type : '') {
      case 'message_start':
        return this.#begin(asObject(data['message']) ?? {});
      case 'content_block_start':
        return this.#openBlock(data['index'], asObject(data['content_block']) ?? {});
      case 'content_block_delta':
        return this.#delta(data['index'], asObject(data['delta']) ?? {});
      case 'content_block_stop':
        return this.#close(data['index']);
      case 'message_delta':
        return this.#finish(data);
      case 'message_stop':
        this.#isOver = true;
        return [{ kind: 'end' }];
      case 'error':
        this.#isOver = true;
        return [{ kind: 'error', error: readAnthropicError(undefined, data) }];
      default:
        // Pings, and events of tomorrow.
        return [];
    }
  }

  #report(value: unknown): FormEvent[] {
    const usage = this.#usage.add(value);
    return usage === undefined ? [] : [{ kind: 'usage', usage }];
  }

  #begin(message: JsonObject): FormEvent[] {
    const [id, model] = [textOf(message['id']), textOf(message['model'])];
    return [{ kind: 'start', id, model }, ...this.#report(message['usage'])];
  }

  #openBlock(index: unknown, block: JsonObject): FormEvent[] {
    const part = startOf(block);
    if (part === undefined || typeof index !== 'number' || this.#open.has(index)) return [];
    this.#open.add(index);
    // A block may begin with some of what it says.
    const text = textOf(block['text']) ?? textOf(block['thinking']);
    const first: FormEvent[] = text === undefined ? [] : [{ kind: 'delta', index, text }];
    return [{ kind: 'part', index, part }, ...first];
  }

  #delta(index: unknown, delta: JsonObject): FormEvent[] {
    if (typeof index !== 'number' || !this.#open.has(index)) return [];
    const signature = signedOf(delta['signature']);
    if (delta['type'] === 'signature_delta' && signature !== undefined) {
      return [{ kind: 'signature', index, signature }];
    }
    const text = textOf(delta[textNames.get(delta['type']) ?? '']);
    return text === undefined ? [] : [{ kind: 'delta', index, text }];
  }

  #close(index: unknown): FormEvent[] {
    if (typeof index !== 'number' || !this.#open.delete(index)) return [];
    return [{ kind: 'part-end', index }];
  }

  #finish(data: JsonObject): FormEvent[] {
    const delta = asObject(data['delta']);
    const reason = textOf(delta?.['stop_reason']);
    const usage = this.#report(data['usage']);
    if (reason === undefined) return usage;
    const stopSequence = textOf(delta?.['stop_sequence']);
    return [...usage, { kind: 'finish', finish: finishOf(reason), stopSequence }];
  }
}

/** undefined: a block of Anthropic's own tools, which nobody asked for. */
function startOf(block: JsonObject): PartStart | undefined {
  switch (block['type']) {
    case 'text':
      return { kind: 'text' };
    case 'thinking':
      return { kind: 'thinking', redacted: undefined };
    case 'redacted_thinking':
      return { kind: 'thinking', redacted: signedOf(block['data']) ?? '' };
    case 'tool_use':
      return { kind: 'tool-call', id: textOf(block['id']) ?? '', name: textOf(block['name']) ?? '' };
    default:
      return undefined;
  }
}
