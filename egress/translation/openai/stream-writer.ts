/** Events of the form as chunks of a streamed chat completion. Remembers the numbers of calls and the last usage. */
import type { JsonObject } from '../../providers/index.ts';
import type { StreamContext, StreamWriter, WireEvent } from '../codec.ts';
import type { FormEvent, PartStart, Usage } from '../form.ts';
import { mergeUsage } from '../merge-usage.ts';
import { writeOpenAiError } from './error.ts';
import { writeFinish } from './response.ts';
import { writeUsage } from './usage.ts';

type Open =
  { readonly kind: 'text' | 'refusal' | 'thinking' } | { readonly kind: 'call'; readonly at: number };

export class OpenAiStreamWriter implements StreamWriter {
  readonly #context: StreamContext;
  readonly #open = new Map<number, Open>();
  #id: string | undefined;
  #calls = 0;
  #usage: Usage | undefined;
  #hasRefused = false;

  constructor(context: StreamContext) {
    this.#context = context;
  }

  write(event: FormEvent): WireEvent[] {
    switch (event.kind) {
      case 'start':
        this.#id = event.id;
        return [this.#chunk({ role: 'assistant', content: '', refusal: null })];
      case 'part':
        return this.#begin(event.index, event.part);
      case 'delta':
        return this.#delta(this.#open.get(event.index), event.text);
      case 'signature':
        return [];
      case 'part-end':
        this.#open.delete(event.index);
        return [];
      case 'usage':
        this.#usage = mergeUsage(this.#usage, event.usage);
        return [];
      case 'finish':
        return [this.#chunk({}, writeFinish(event.finish, this.#hasRefused))];
      case 'error':
        return [{ name: undefined, data: writeOpenAiError(event.error) }];
      case 'end':
        return this.#end();
      default:
        return event satisfies never;
    }
  }

  #begin(index: number, part: PartStart): WireEvent[] {
    if (part.kind !== 'tool-call') {
      if (part.kind === 'refusal') this.#hasRefused = true;
      this.#open.set(index, { kind: part.kind });
      return [];
    }
    const at = this.#calls;
    this.#calls += 1;
    this.#open.set(index, { kind: 'call', at });
    const { id, name } = part;
    return [
      this.#chunk({ tool_calls: [{ index: at, id, type: 'function', function: { name, arguments: '' } }] }),
    ];
  }

  #delta(open: Open | undefined, text: string): WireEvent[] {
    switch (open?.kind) {
      case undefined:
        return [];
      case 'text':
        return [this.#chunk({ content: text })];
      case 'refusal':
        return [this.#chunk({ refusal: text })];
      case 'thinking':
        return [this.#chunk({ reasoning_content: text })];
      case 'call':
        return [this.#chunk({ tool_calls: [{ index: open.at, function: { arguments: text } }] })];
    }
  }

  #end(): WireEvent[] {
    const usage = this.#context.asksUsage ? this.#usage : undefined;
    const report = usage === undefined ? [] : [this.#event([], { usage: writeUsage(usage) })];
    return [...report, { name: undefined, data: '[DONE]' }];
  }

  #chunk(delta: JsonObject, reason: string | null = null): WireEvent {
    // Who asked for usage finds null until it comes.
    const usage = this.#context.asksUsage ? { usage: null } : {};
    return this.#event([{ index: 0, delta, logprobs: null, finish_reason: reason }], usage);
  }

  #event(choices: readonly JsonObject[], more: JsonObject): WireEvent {
    const { id, created, model } = this.#context;
    const data = { id: this.#id ?? id, object: 'chat.completion.chunk', created, model, choices, ...more };
    return { name: undefined, data };
  }
}
