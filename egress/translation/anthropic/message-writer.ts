/**
 * Messages of the form as Anthropic wants them: turns that alternate and begin with the user, results of tools first in theirs, no
 * text that is empty. Pure.
 */
import { Buffer } from 'node:buffer';
import type { JsonObject } from '../../providers/index.ts';
import { joinNeighbours } from '../conversation.ts';
import type { Message, Part } from '../form.ts';
import { parseArguments } from '../json.ts';
import type { Notes } from '../notes.ts';
import { ownSignature } from '../signature.ts';

type PartOf<K extends Part['kind']> = Extract<Part, { kind: K }>;

const imageTypes = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

/** Anthropic takes no other characters. */
function writeId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

function writeImage({ media, detail }: PartOf<'image'>, notes: Notes): JsonObject[] {
  if (detail !== undefined && detail !== 'auto') notes.drop('messages[].image.detail');
  if (media.kind === 'url') return [{ type: 'image', source: { type: 'url', url: media.url } }];
  const { mediaType, data } = media;
  if (!imageTypes.has(mediaType)) {
    notes.block('messages[].image', `is of a type (${mediaType.slice(0, 40)}) that Anthropic takes none of`);
    return [];
  }
  return [{ type: 'image', source: { type: 'base64', media_type: mediaType, data } }];
}

function writeFile({ media, name }: PartOf<'file'>, notes: Notes): JsonObject[] {
  const title = name === undefined ? {} : { title: name };
  if (media.kind === 'url') return [{ type: 'document', source: { type: 'url', url: media.url }, ...title }];
  const { mediaType, data } = media;
  if (mediaType === 'application/pdf') {
    return [{ type: 'document', source: { type: 'base64', media_type: mediaType, data }, ...title }];
  }
  if (mediaType.startsWith('text/')) {
    const text = Buffer.from(data, 'base64').toString('utf8');
    return [{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, ...title }];
  }
  notes.block('messages[].file', `is of a type (${mediaType.slice(0, 40)}) that Anthropic takes none of`);
  return [];
}

function writeCall(call: PartOf<'tool-call'>, notes: Notes): JsonObject {
  const input = parseArguments(call.arguments);
  if (input === undefined) notes.block('messages[].tool_calls[].arguments', 'is no JSON object');
  if (call.signature !== undefined) notes.drop('messages[].tool_calls[].signature');
  return { type: 'tool_use', id: writeId(call.id), name: call.name, input: input ?? {} };
}

function writeResult({ id, parts, isError }: PartOf<'tool-result'>, notes: Notes): JsonObject {
  const content = parts.flatMap((part) => writePart(part, notes));
  const [first] = content;
  const isPlain = content.length === 1 && first?.['type'] === 'text';
  return {
    type: 'tool_result',
    tool_use_id: writeId(id),
    ...(content.length === 0 ? {} : { content: isPlain ? first['text'] : content }),
    ...(isError ? { is_error: true } : {}),
  };
}

function writeThought({ text, signature, redacted }: PartOf<'thinking'>, notes: Notes): JsonObject[] {
  const data = ownSignature('claude', redacted);
  if (data !== undefined) return [{ type: 'redacted_thinking', data }];
  const own = ownSignature('claude', signature);
  if (own !== undefined) return [{ type: 'thinking', thinking: text, signature: own }];
  notes.drop('messages[].thinking');
  return [];
}

function writeText(text: string): JsonObject[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }];
}

function writePart(part: Part, notes: Notes): JsonObject[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return writeText(part.text);
    case 'image':
      return writeImage(part, notes);
    case 'audio':
      notes.block('messages[].audio', 'is sound, and Anthropic takes none');
      return [];
    case 'file':
      return writeFile(part, notes);
    case 'tool-call':
      return [writeCall(part, notes)];
    case 'tool-result':
      return [writeResult(part, notes)];
    case 'thinking':
      return writeThought(part, notes);
    default:
      return part satisfies never;
  }
}

function resultsFirst(parts: readonly Part[]): Part[] {
  const isResult = ({ kind }: Part): boolean => kind === 'tool-result';
  return [...parts.filter(isResult), ...parts.filter((part) => !isResult(part))];
}

export function writeConversation(messages: readonly Message[], notes: Notes): JsonObject[] {
  const written = joinNeighbours(messages).flatMap(({ role, parts }) => {
    const content = resultsFirst(parts).flatMap((part) => writePart(part, notes));
    const [first] = content;
    if (first === undefined) return [];
    const isPlain = content.length === 1 && first['type'] === 'text';
    return [{ role, content: isPlain ? first['text'] : content }];
  });
  const [first] = written;
  if (first === undefined) notes.block('messages', 'holds no message that says something');
  else if (first.role !== 'user')
    notes.block('messages', 'begins with the assistant, and Anthropic wants the user first');
  return written;
}
