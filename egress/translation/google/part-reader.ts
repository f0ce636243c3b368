/** Parts of a conversation as the agent sent them, into the form. Calls have no ids here: they are made up, and found by name. Pure. */
import type { Media, Part } from '../form.ts';
import { jsonText } from '../json.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { markSignature } from '../signature.ts';

const ownPlaces = /^gs:|^https:\/\/generativelanguage\.googleapis\.com\//;
const wrappers = new Set(['output', 'result', 'error']);

export function partOfMedia(media: Media): Part {
  const type = media.mediaType ?? '';
  if (type.startsWith('image/')) return { kind: 'image', media, detail: undefined };
  if (type.startsWith('audio/')) return { kind: 'audio', media };
  return { kind: 'file', media, name: undefined };
}

export class PartReader {
  readonly #notes: Notes;
  /** Calls without an answer, by the tool's name, the first one first. */
  readonly #open = new Map<string, Set<string>>();
  readonly #ids = new Set<string>();
  #count = 0;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  /** undefined: it says nothing. */
  read(part: Members): Part | undefined {
    part.refuse(
      'is read by Google alone',
      'executableCode',
      'codeExecutionResult',
      'toolCall',
      'toolResponse',
    );
    part.refuse('chooses a section of a video, which other APIs cannot', 'videoMetadata');
    const read = this.#readKind(part);
    part.end();
    return read;
  }

  #readKind(part: Members): Part | undefined {
    const text = part.text('text');
    if (text !== undefined) return readText(part, text);
    const media = this.#readMedia(part);
    if (media !== undefined) return media;
    const call = part.object('functionCall');
    if (call !== undefined) return this.#readCall(call, part.text('thoughtSignature'));
    const response = part.object('functionResponse');
    if (response !== undefined) return this.#readResponse(response);
    // Only a signature, or a part of a kind that nobody knows yet.
    if (part.text('thoughtSignature') === undefined)
      this.#notes.block(part.path, 'is of no kind that is known');
    return undefined;
  }

  #readMedia(part: Members): Part | undefined {
    const inline = part.object('inlineData');
    if (inline !== undefined) return readInline(inline);
    const file = part.object('fileData');
    return file && this.#readFile(file);
  }

  #readFile(file: Members): Part {
    const url = file.text('fileUri') ?? '';
    if (ownPlaces.test(url))
      this.#notes.block(file.pathOf('fileUri'), 'is a place that Google alone can read');
    const media: Media = { kind: 'url', url, mediaType: file.text('mimeType') };
    file.end();
    return partOfMedia(media);
  }

  #readCall(call: Members, signature: string | undefined): Part {
    call.refuse('is a call that is not whole', 'partialArgs', 'willContinue');
    const name = call.text('name') ?? '';
    const id = this.#newId(call.text('id'));
    const args = jsonText(call.json('args') ?? {});
    if (args === undefined) this.#notes.block(call.pathOf('args'), 'is nested too deep');
    call.end();
    const open = this.#open.get(name) ?? new Set();
    this.#open.set(name, open.add(id));
    const marked = signature === undefined ? undefined : markSignature('google', signature);
    return { kind: 'tool-call', id, name, arguments: args ?? '{}', signature: marked };
  }

  #newId(told: string | undefined): string {
    const isNew = told !== undefined && told !== '' && !this.#ids.has(told);
    let id = isNew ? told : `call_${this.#count}`;
    while (!isNew && this.#ids.has(id)) id = `call_${(this.#count += 1)}`;
    if (!isNew) this.#count += 1;
    this.#ids.add(id);
    return id;
  }

  /** The call it answers: by its id where both have one, or else the oldest open one of that name. */
  #answered(name: string, told: string | undefined): string | undefined {
    const open = this.#open.get(name);
    const id = told !== undefined && open?.has(told) ? told : open?.values().next().value;
    if (id !== undefined) open?.delete(id);
    return id;
  }

  #readResponse(response: Members): Part {
    response.refuse('is not the whole result', 'willContinue');
    const name = response.text('name') ?? '';
    const id = this.#answered(name, response.text('id'));
    if (id === undefined) this.#notes.block(response.path, 'answers no call of this conversation');
    const { text, isError } = this.#readResult(response);
    const media = response.objects('parts').flatMap((part) => this.#readMedia(part) ?? []);
    response.end();
    const parts: Part[] = [{ kind: 'text', text }, ...media];
    return {
      kind: 'tool-result',
      id: id ?? '',
      name,
      parts: text === '' && media.length > 0 ? media : parts,
      isError,
    };
  }

  /** By the API's custom a result is in `output`, an error in `error`; anything else is the result itself. */
  #readResult(response: Members): { text: string; isError: boolean } {
    const body = response.json('response') ?? {};
    const path = response.pathOf('response');
    const names = Object.keys(body);
    const name = names.length === 1 ? (names[0] ?? '') : '';
    if (!wrappers.has(name))
      return { text: names.length === 0 ? '' : this.#textOf(body, path), isError: false };
    return { text: this.#textOf(body[name], path), isError: name === 'error' };
  }

  #textOf(value: unknown, path: string): string {
    const text = typeof value === 'string' ? value : jsonText(value ?? null);
    if (text === undefined) this.#notes.block(path, 'is nested too deep');
    return text ?? '';
  }
}

function readText(part: Members, text: string): Part {
  if (part.flag('thought') !== true) return { kind: 'text', text };
  const signature = part.text('thoughtSignature');
  const marked = signature === undefined ? undefined : markSignature('google', signature);
  return { kind: 'thinking', text, signature: marked, redacted: undefined };
}

function readInline(inline: Members): Part {
  const media: Media = {
    kind: 'base64',
    mediaType: inline.text('mimeType') ?? '',
    data: inline.text('data') ?? '',
  };
  inline.end();
  return partOfMedia(media);
}
