/** Parts of the form as Google takes them in a request. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import { callsOf, joinNeighbours, plainText } from '../conversation.ts';
import type { Media, Message, Part, ToolCallPart } from '../form.ts';
import { compact, parseArguments } from '../json.ts';
import type { Notes } from '../notes.ts';
import { ownSignature } from '../signature.ts';

type ToolResult = Extract<Part, { kind: 'tool-result' }>;

/** What Google takes in place of the signature of a call that it did not make. Models before the third ask for none. */
const noSignature = 'skip_thought_signature_validator';
const unsigned = /(?:^|[/.-])gemini-[12][.-]/;

export function writeMedia(media: Media): JsonObject {
  if (media.kind === 'base64') return { inlineData: { mimeType: media.mediaType, data: media.data } };
  return { fileData: compact({ mimeType: media.mediaType, fileUri: media.url }) };
}

export class PartWriter {
  readonly #notes: Notes;
  readonly #signs: boolean;
  readonly #calls: ReadonlyMap<string, { readonly call: ToolCallPart; readonly at: number }>;

  constructor(messages: readonly Message[], model: string, notes: Notes) {
    this.#notes = notes;
    this.#signs = !unsigned.test(model);
    this.#calls = new Map(callsOf(messages).map((call, at) => [call.id, { call, at }]));
  }

  writeAll(messages: readonly Message[]): JsonObject[] {
    return joinNeighbours(messages)
      .map(({ role, parts }) => ({
        role: role === 'user' ? 'user' : 'model',
        parts: this.#writeParts(this.#inOrder(parts)),
      }))
      .filter(({ parts }) => parts.length > 0);
  }

  #writeParts(parts: readonly Part[]): JsonObject[] {
    const firstCall = parts.findIndex(({ kind }) => kind === 'tool-call');
    return parts.flatMap<JsonObject>((part, at) => this.#write(part, at === firstCall) ?? []);
  }

  /** Results have no ids: of several for one tool, the order tells which is which. They keep their places, in the order of calls. */
  #inOrder(parts: readonly Part[]): Part[] {
    const results = parts
      .filter((part) => part.kind === 'tool-result')
      .sort((one, other) => this.#orderOf(one) - this.#orderOf(other));
    let next = 0;
    return parts.map((part) => (part.kind === 'tool-result' ? (results[next++] ?? part) : part));
  }

  #orderOf({ id }: ToolResult): number {
    return this.#calls.get(id)?.at ?? 0;
  }

  /** undefined: nothing is left of it. */
  #write(part: Part, isFirstCall: boolean): JsonObject | undefined {
    switch (part.kind) {
      case 'text':
      case 'refusal':
        return part.text === '' ? undefined : { text: part.text };
      case 'image':
        if (part.detail !== undefined && part.detail !== 'auto') this.#notes.drop('messages[].image.detail');
        return writeMedia(part.media);
      case 'file':
        if (part.name !== undefined) this.#notes.drop('messages[].file.name');
        return writeMedia(part.media);
      case 'audio':
        return writeMedia(part.media);
      case 'tool-call':
        return this.#writeCall(part, isFirstCall);
      case 'tool-result':
        return this.#writeResult(part);
      case 'thinking':
        return this.#writeThinking(part);
    }
  }

  #writeCall({ name, arguments: text, signature }: ToolCallPart, isFirstCall: boolean): JsonObject {
    const args = parseArguments(text);
    if (args === undefined) this.#notes.block('messages[].tool-call.arguments', 'is not a JSON object');
    const instead = isFirstCall && this.#signs ? noSignature : undefined;
    const thoughtSignature = ownSignature('google', signature) ?? instead;
    return compact({ functionCall: { name, args }, thoughtSignature });
  }

  #writeResult(part: ToolResult): JsonObject {
    const name = part.name ?? this.#calls.get(part.id)?.call.name;
    if (name === undefined)
      this.#notes.block('messages[].tool-result', 'answers no call of this conversation');
    const texts = part.parts.filter(({ kind }) => kind === 'text' || kind === 'refusal');
    const others = part.parts.filter(({ kind }) => kind !== 'text' && kind !== 'refusal');
    const text = plainText(texts) ?? '';
    const parts = others.flatMap((other) => this.#writeResultMedia(other) ?? []);
    const response = part.isError ? { error: text } : { output: text };
    return { functionResponse: compact({ name, response, parts: parts.length === 0 ? undefined : parts }) };
  }

  #writeResultMedia(part: Part): JsonObject | undefined {
    if (part.kind === 'image' || part.kind === 'file' || part.kind === 'audio') return writeMedia(part.media);
    this.#notes.block('messages[].tool-result', 'holds what no result can');
    return undefined;
  }

  /** What another model thought is of no use to this one. */
  #writeThinking(part: Extract<Part, { kind: 'thinking' }>): JsonObject | undefined {
    const thoughtSignature = ownSignature('google', part.signature);
    if (thoughtSignature !== undefined) return { text: part.text, thought: true, thoughtSignature };
    this.#notes.drop('messages[].thinking');
    return undefined;
  }
}
