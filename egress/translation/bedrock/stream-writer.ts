/** A streamed answer for an agent: blocks are numbered as they begin, and usage comes after the reason to stop. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import type { StreamWriter, WireEvent } from '../codec.ts';
import type { Finish, FormEvent, PartStart, Usage } from '../form.ts';
import { mergeUsage } from '../merge-usage.ts';
import { compact } from '../json.ts';
import { shownSignature } from '../signature.ts';
import { streamErrorName } from './error.ts';
import { writeFinish } from './finish.ts';
import { writeConverseUsage } from './usage.ts';

function deltaOf(part: PartStart, text: string): JsonObject | undefined {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { text };
    case 'tool-call':
      return { toolUse: { input: text } };
    case 'thinking':
      return part.redacted === undefined ? { reasoningContent: { text } } : undefined;
  }
}

export class ConverseStreamWriter implements StreamWriter {
  readonly #open = new Map<number, { readonly part: PartStart; readonly block: number }>();
  #next = 0;
  #started = false;
  #usage: Usage | undefined;
  #finish: Finish = 'other';

  write(event: FormEvent): WireEvent[] {
    switch (event.kind) {
      case 'start':
        return this.#start();
      case 'part':
        return [...this.#start(), ...this.#begin(event.index, event.part)];
      case 'delta':
        return this.#delta(event.index, (part) =>
          event.text === '' ? undefined : deltaOf(part, event.text),
        );
      case 'signature':
        return this.#sign(event.index, event.signature);
      case 'part-end':
        return this.#close(event.index);
      case 'usage':
        this.#usage = mergeUsage(this.#usage, event.usage);
        return [];
      case 'finish':
        this.#finish = event.finish;
        return [];
      case 'error':
        return [{ name: streamErrorName(event.error), data: { message: event.error.message } }];
      case 'end':
        return this.#end();
    }
  }

  #start(): WireEvent[] {
    if (this.#started) return [];
    this.#started = true;
    return [{ name: 'messageStart', data: { role: 'assistant' } }];
  }

  #begin(index: number, part: PartStart): WireEvent[] {
    const block = this.#next;
    this.#next += 1;
    this.#open.set(index, { part, block });
    if (part.kind === 'thinking' && part.redacted !== undefined) {
      const redactedContent = shownSignature('claude', part.redacted);
      return this.#delta(index, () => ({ reasoningContent: { redactedContent } }));
    }
    if (part.kind !== 'tool-call') return [];
    const start = { toolUse: { toolUseId: part.id, name: part.name } };
    return [{ name: 'contentBlockStart', data: { contentBlockIndex: block, start } }];
  }

  #delta(index: number, make: (part: PartStart) => JsonObject | undefined): WireEvent[] {
    const open = this.#open.get(index);
    const delta = open && make(open.part);
    if (open === undefined || delta === undefined) return [];
    return [{ name: 'contentBlockDelta', data: { contentBlockIndex: open.block, delta } }];
  }

  /** A call's is Google's, which has no place here. */
  #sign(index: number, signature: string): WireEvent[] {
    const shown = shownSignature('claude', signature);
    return this.#delta(index, (part) =>
      part.kind === 'thinking' ? { reasoningContent: { signature: shown } } : undefined,
    );
  }

  #close(index: number): WireEvent[] {
    const open = this.#open.get(index);
    if (open === undefined) return [];
    this.#open.delete(index);
    return [{ name: 'contentBlockStop', data: { contentBlockIndex: open.block } }];
  }

  #end(): WireEvent[] {
    const closed = [...this.#open.keys()].flatMap((index) => this.#close(index));
    const stopReason = writeFinish(this.#finish, false);
    const metadata = compact({ usage: writeConverseUsage(this.#usage), metrics: { latencyMs: 0 } });
    return [
      ...this.#start(),
      ...closed,
      { name: 'messageStop', data: { stopReason } },
      { name: 'metadata', data: metadata },
    ];
  }
}
