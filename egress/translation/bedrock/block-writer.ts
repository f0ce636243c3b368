/** Parts of the form as content blocks. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import { joinNeighbours } from '../conversation.ts';
import type { Media, Message, Part } from '../form.ts';
import { compact, parseArguments } from '../json.ts';
import type { Notes } from '../notes.ts';
import { ownSignature } from '../signature.ts';
import { formatOf, type MediaFamily } from './formats.ts';

type Of<K extends Part['kind']> = Extract<Part, { kind: K }>;

/** Bedrock takes letters, digits, single spaces, hyphens, parentheses and brackets. */
function documentName(name: string | undefined): string {
  const plain = (name ?? '').replace(/[^A-Za-z0-9\s\-()[\]]/g, '-').replace(/\s+/g, ' ');
  return plain.trim().slice(0, 200) || 'document';
}

export class BlockWriter {
  readonly #notes: Notes;
  /** No two documents of a request have one name. */
  readonly #names = new Map<string, number>();

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  writeAll(messages: readonly Message[]): JsonObject[] {
    return joinNeighbours(messages)
      .map(({ role, parts }) => ({ role, content: parts.flatMap((part) => this.#write(part) ?? []) }))
      .filter(({ content }) => content.length > 0);
  }

  /** undefined: nothing is left of it. Blank text is refused there. */
  #write(part: Part): JsonObject | undefined {
    switch (part.kind) {
      case 'text':
      case 'refusal':
        return part.text.trim() === '' ? undefined : { text: part.text };
      case 'image':
        if (part.detail !== undefined && part.detail !== 'auto') this.#notes.drop('messages[].image.detail');
        return { image: this.#media('image', part.media) };
      case 'audio':
        return { audio: this.#media('audio', part.media) };
      case 'file':
        return { document: { ...this.#media('document', part.media), name: this.#nameOf(part) } };
      case 'tool-call':
        return this.#writeCall(part);
      case 'tool-result':
        return this.#writeResult(part);
      case 'thinking':
        return this.#writeThinking(part);
    }
  }

  #nameOf({ name }: Of<'file'>): string {
    const plain = documentName(name);
    if (name !== undefined && plain !== name) this.#notes.drop('messages[].file.name');
    const count = this.#names.get(plain) ?? 0;
    this.#names.set(plain, count + 1);
    return count === 0 ? plain : `${plain} (${count + 1})`;
  }

  #media(family: MediaFamily, media: Media): JsonObject {
    if (media.kind === 'url') {
      this.#notes.block(`messages[].${family}`, 'is a place to fetch from, and Bedrock takes bytes alone');
      return {};
    }
    const format = formatOf(family, media.mediaType);
    if (format === undefined)
      this.#notes.block(`messages[].${family}`, 'is of a format that Bedrock does not take');
    return { format, source: { bytes: media.data } };
  }

  #writeCall({ id, name, arguments: text }: Of<'tool-call'>): JsonObject {
    const input = parseArguments(text);
    if (input === undefined) this.#notes.block('messages[].tool-call.arguments', 'is not a JSON object');
    return { toolUse: { toolUseId: id, name, input } };
  }

  #writeResult(part: Of<'tool-result'>): JsonObject {
    const content = part.parts.flatMap((each) => {
      if (each.kind === 'text' || each.kind === 'image' || each.kind === 'file')
        return this.#write(each) ?? [];
      this.#notes.block('messages[].tool-result', 'holds what no result can');
      return [];
    });
    return {
      toolResult: compact({ toolUseId: part.id, content, status: part.isError ? 'error' : undefined }),
    };
  }

  /** A model refuses what it did not think itself. */
  #writeThinking({ text, signature, redacted }: Of<'thinking'>): JsonObject | undefined {
    const redactedContent = ownSignature('claude', redacted);
    if (redactedContent !== undefined) return { reasoningContent: { redactedContent } };
    const own = ownSignature('claude', signature);
    if (own !== undefined) return { reasoningContent: { reasoningText: { text, signature: own } } };
    this.#notes.drop('messages[].thinking');
    return undefined;
  }
}
