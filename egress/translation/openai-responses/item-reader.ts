/** Items of a request: messages, calls, results and thoughts in one list, into turns. Pure. */
import type { Message, Part, TextPart } from '../form.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { markSignature } from '../signature.ts';
import { readContent } from './content-reader.ts';

export class ItemReader {
  readonly #notes: Notes;
  readonly system: TextPart[] = [];
  readonly #messages: { role: Message['role']; parts: Part[] }[] = [];

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  add(role: Message['role'], parts: readonly Part[]): void {
    const last = this.#messages.at(-1);
    if (last?.role === role) for (const part of parts) last.parts.push(part);
    else this.#messages.push({ role, parts: [...parts] });
  }

  read(item: Members): void {
    const type = item.text('type') ?? 'message';
    item.ignore('id', 'status');
    switch (type) {
      case 'message':
        this.#readMessage(item);
        break;
      case 'function_call':
        this.#readCall(item);
        break;
      case 'function_call_output':
        this.#readResult(item);
        break;
      case 'reasoning':
        this.add('assistant', [readReasoning(item)]);
        break;
      default:
        this.#notes.block(item.pathOf('type'), 'is an item that OpenAI alone reads');
    }
    item.end();
  }

  #readMessage(item: Members): void {
    const role = item.text('role') ?? '';
    const parts = readContent(item, 'content', this.#notes);
    if (role === 'user' || role === 'assistant') this.add(role, parts);
    else if (role === 'system' || role === 'developer') this.#readSystem(item, parts);
    else this.#notes.block(item.pathOf('role'), 'is no role that is known');
  }

  /** Other APIs have instructions in front only. */
  #readSystem(item: Members, parts: readonly Part[]): void {
    if (this.#messages.length > 0) this.#notes.drop(item.pathOf('role'));
    for (const part of parts) {
      if (part.kind === 'text') this.system.push(part);
      else this.#notes.block(item.pathOf('content'), 'is not text');
    }
  }

  #readCall(item: Members): void {
    const call: Part = {
      kind: 'tool-call',
      id: item.text('call_id') ?? '',
      name: item.text('name') ?? '',
      arguments: item.text('arguments') ?? '',
      signature: undefined,
    };
    if (call.id === '') this.#notes.block(item.pathOf('call_id'), 'is missing');
    this.add('assistant', [call]);
  }

  #readResult(item: Members): void {
    const id = item.text('call_id') ?? '';
    const parts = readContent(item, 'output', this.#notes);
    this.add('user', [{ kind: 'tool-result', id, name: undefined, parts, isError: false }]);
  }
}

/** What was thought as it is told: in full where the server does, or as a summary. */
function readReasoning(item: Members): Part {
  const texts = (name: string): string[] =>
    item.objects(name).map((part) => {
      const text = part.text('text') ?? '';
      part.ignore('type');
      part.end();
      return text;
    });
  const content = texts('content');
  const summary = texts('summary');
  const signature = item.text('encrypted_content');
  return {
    kind: 'thinking',
    text: (content.length > 0 ? content : summary).join('\n\n'),
    signature: signature === undefined ? undefined : markSignature('openai', signature),
    redacted: undefined,
  };
}
