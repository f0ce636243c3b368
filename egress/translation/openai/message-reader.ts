/** Messages of chat completions into the form. Pure. What system and developer messages say stands before the conversation. */
import type { Message, Part, TextPart, ToolCallPart } from '../form.ts';
import { mediaOfUrl, soundType } from '../media.ts';
import { objectsOf, type Members } from '../members.ts';
import type { Notes } from '../notes.ts';

export interface Conversation {
  readonly system: readonly TextPart[];
  readonly messages: readonly Message[];
}

function readImage(part: Members, notes: Notes): Part | undefined {
  const image = part.object('image_url');
  const url = image?.text('url');
  const detail = image?.text('detail');
  image?.end();
  if (url !== undefined) return { kind: 'image', media: mediaOfUrl(url), detail };
  notes.block(part.pathOf('image_url'), 'names no image');
  return undefined;
}

function readAudio(part: Members, notes: Notes): Part | undefined {
  const audio = part.object('input_audio');
  const [data, format] = [audio?.text('data'), audio?.text('format')];
  audio?.end();
  if (data !== undefined && format !== undefined) {
    return { kind: 'audio', media: { kind: 'base64', mediaType: soundType(format), data } };
  }
  notes.block(part.pathOf('input_audio'), 'holds no sound');
  return undefined;
}

function readFile(part: Members, notes: Notes): Part | undefined {
  const file = part.object('file');
  file?.refuse('is kept at the provider that took the upload', 'file_id');
  const [data, name] = [file?.text('file_data'), file?.text('filename')];
  file?.end();
  const media = data === undefined ? undefined : mediaOfUrl(data);
  if (media?.kind === 'base64') return { kind: 'file', media, name };
  notes.block(part.pathOf('file'), 'holds no file as a data URL');
  return undefined;
}

function readPart(part: Members, notes: Notes): Part | undefined {
  const type = part.text('type') ?? '';
  switch (type) {
    case 'text':
      return { kind: 'text', text: part.text('text') ?? '' };
    case 'refusal':
      return { kind: 'refusal', text: part.text('refusal') ?? '' };
    case 'image_url':
      return readImage(part, notes);
    case 'input_audio':
      return readAudio(part, notes);
    case 'file':
      return readFile(part, notes);
    default:
      notes.block(part.pathOf('type'), `"${type.slice(0, 40)}" is no part that can be translated`);
      return undefined;
  }
}

function readContent(message: Members, notes: Notes): Part[] {
  const content = message.any('content');
  if (content === undefined) return [];
  if (typeof content === 'string') return [{ kind: 'text', text: content }];
  const list = Array.isArray(content) ? content : undefined;
  if (list === undefined) notes.block(message.pathOf('content'), 'is neither text nor a list');
  return objectsOf(list ?? [], message.pathOf('content'), notes).flatMap((part) => {
    const read = readPart(part, notes);
    part.end();
    return read ?? [];
  });
}

function readText(message: Members, notes: Notes): TextPart[] {
  return readContent(message, notes).flatMap((part) => {
    if (part.kind === 'text') return [part];
    notes.block(message.pathOf('content'), 'holds more than text');
    return [];
  });
}

function readToolCall(call: Members, notes: Notes): ToolCallPart {
  const type = call.text('type') ?? 'function';
  if (type !== 'function')
    notes.block(call.pathOf('type'), `"${type.slice(0, 40)}" is no call of a function`);
  const named = call.object('function');
  const part: ToolCallPart = {
    kind: 'tool-call',
    id: call.text('id') ?? '',
    name: named?.text('name') ?? '',
    arguments: named?.text('arguments') ?? '',
    signature: undefined,
  };
  named?.end();
  call.ignore('index');
  call.end();
  return part;
}

function readAssistant(message: Members, notes: Notes): Message {
  message.refuse('is how functions were called before tools', 'function_call');
  message.refuse('is kept at the provider that spoke it', 'audio');
  const refusal = message.text('refusal');
  const parts: Part[] = [
    ...readContent(message, notes),
    ...(refusal === undefined ? [] : [{ kind: 'refusal', text: refusal } as const]),
    ...message.objects('tool_calls').map((call) => readToolCall(call, notes)),
  ];
  message.ignore('annotations');
  return { role: 'assistant', parts };
}

function readTool(message: Members, notes: Notes): Message {
  const id = message.text('tool_call_id') ?? '';
  const parts = readContent(message, notes);
  return { role: 'user', parts: [{ kind: 'tool-result', id, name: undefined, parts, isError: false }] };
}

class ConversationReader {
  readonly #notes: Notes;
  readonly system: TextPart[] = [];
  readonly messages: Message[] = [];

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  read(message: Members): void {
    const notes = this.#notes;
    const role = message.text('role') ?? '';
    switch (role) {
      case 'system':
      case 'developer':
        // It moves to the front, where all other APIs have it.
        if (this.messages.length > 0) notes.drop('messages[].role=system (its place)');
        for (const part of readText(message, notes)) this.system.push(part);
        break;
      case 'user':
        this.messages.push({ role, parts: readContent(message, notes) });
        break;
      case 'assistant':
        this.messages.push(readAssistant(message, notes));
        break;
      case 'tool':
        this.messages.push(readTool(message, notes));
        break;
      default:
        notes.block(message.pathOf('role'), `"${role.slice(0, 40)}" cannot be translated`);
    }
    message.end();
  }
}

export function readConversation(body: Members, notes: Notes): Conversation {
  const reader = new ConversationReader(notes);
  for (const message of body.objects('messages')) reader.read(message);
  return { system: reader.system, messages: reader.messages };
}
