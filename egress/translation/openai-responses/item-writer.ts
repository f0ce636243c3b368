/** Turns as items of a request. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import { plainText } from '../conversation.ts';
import type { Message, Part } from '../form.ts';
import { urlOfMedia } from '../media.ts';
import type { Notes } from '../notes.ts';
import { compact } from '../json.ts';
import { ownSignature } from '../signature.ts';

type Of<K extends Part['kind']> = Extract<Part, { kind: K }>;

function writeFile({ media, name }: Of<'file'>): JsonObject {
  const place = media.kind === 'url' ? { file_url: media.url } : { file_data: urlOfMedia(media) };
  // Bytes without a name are refused.
  const filename = name ?? (media.kind === 'url' ? undefined : 'file');
  return compact({ type: 'input_file', ...place, filename });
}

/** undefined: it is no content. */
function writeContent(part: Part, role: Message['role'], notes: Notes): JsonObject | undefined {
  switch (part.kind) {
    case 'text':
      return { type: role === 'user' ? 'input_text' : 'output_text', text: part.text };
    case 'refusal':
      return role === 'user'
        ? { type: 'input_text', text: part.text }
        : { type: 'refusal', refusal: part.text };
    case 'image':
    case 'file':
      if (role === 'assistant') notes.block(`messages[].${part.kind}`, 'cannot be what an assistant said');
      if (part.kind === 'file') return writeFile(part);
      return { type: 'input_image', image_url: urlOfMedia(part.media), detail: part.detail ?? 'auto' };
    case 'audio':
      notes.block('messages[].audio', 'is not taken by the responses API');
      return undefined;
    case 'tool-call':
    case 'tool-result':
    case 'thinking':
      return undefined;
  }
}

function writeResult(part: Of<'tool-result'>, notes: Notes): JsonObject {
  if (part.isError) notes.drop('messages[].tool-result.isError');
  const text = plainText(part.parts);
  const output = text ?? part.parts.flatMap((each) => writeContent(each, 'user', notes) ?? []);
  return { type: 'function_call_output', call_id: part.id, output };
}

/** What another model thought is of no use to this one. */
function writeThinking({ text, signature }: Of<'thinking'>, notes: Notes): JsonObject | undefined {
  const own = ownSignature('openai', signature);
  if (own === undefined) {
    notes.drop('messages[].thinking');
    return undefined;
  }
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  return { type: 'reasoning', summary, encrypted_content: own };
}

function writeItem(part: Part, notes: Notes): JsonObject | undefined {
  if (part.kind === 'thinking') return writeThinking(part, notes);
  if (part.kind === 'tool-result') return writeResult(part, notes);
  if (part.kind !== 'tool-call') return undefined;
  const args = part.arguments === '' ? '{}' : part.arguments;
  return { type: 'function_call', call_id: part.id, name: part.name, arguments: args };
}

/** Parts that are content go into one message as long as nothing comes between. */
function writeMessage({ role, parts }: Message, notes: Notes): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] | undefined;
  for (const part of parts) {
    const said = writeContent(part, role, notes);
    const item = said === undefined ? writeItem(part, notes) : undefined;
    if (item !== undefined) {
      items.push(item);
      content = undefined;
    }
    if (said === undefined) continue;
    if (content === undefined) items.push({ type: 'message', role, content: (content = []) });
    content.push(said);
  }
  return items;
}

export function writeItems(messages: readonly Message[], notes: Notes): JsonObject[] {
  return messages.flatMap((message) => writeMessage(message, notes));
}
