/**
 * Messages of the form as chat completions has them. Pure. Results of tools are messages of their own and hold text alone: images
 * among them go in a message of the user right behind.
 */
import type { JsonObject } from '../../providers/index.ts';
import type { FormRequest, Message, Part } from '../form.ts';
import { soundFormat, urlOfMedia } from '../media.ts';
import type { Notes } from '../notes.ts';

type PartOf<K extends Part['kind']> = Extract<Part, { kind: K }>;

function writeAudio({ media }: PartOf<'audio'>, notes: Notes): JsonObject[] {
  const format = media.kind === 'base64' ? soundFormat(media.mediaType) : undefined;
  if (media.kind !== 'base64' || (format !== 'wav' && format !== 'mp3')) {
    notes.block(
      'messages[].audio',
      'is no WAV or MP3 that stands in the request, which is all that OpenAI takes',
    );
    return [];
  }
  return [{ type: 'input_audio', input_audio: { data: media.data, format } }];
}

function writeFile({ media, name }: PartOf<'file'>, notes: Notes): JsonObject[] {
  if (media.kind === 'url') {
    notes.block('messages[].file', 'is a file to be fetched, which OpenAI does not');
    return [];
  }
  return [{ type: 'file', file: { filename: name ?? 'file', file_data: urlOfMedia(media) } }];
}

function writeUserPart(part: Part, notes: Notes): JsonObject[] {
  switch (part.kind) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'image': {
      const { media, detail } = part;
      const image = { url: urlOfMedia(media), ...(detail === undefined ? {} : { detail }) };
      return [{ type: 'image_url', image_url: image }];
    }
    case 'audio':
      return writeAudio(part, notes);
    case 'file':
      return writeFile(part, notes);
    case 'tool-call':
    case 'tool-result':
    case 'thinking':
    case 'refusal':
      return [];
    default:
      return part satisfies never;
  }
}

function contentOf(parts: readonly JsonObject[]): unknown {
  const [first] = parts;
  const isPlain = parts.length === 1 && first?.['type'] === 'text';
  return isPlain ? first['text'] : parts;
}

function writeResult({ id, parts, isError }: PartOf<'tool-result'>, notes: Notes): JsonObject {
  if (isError) notes.drop('messages[].tool_result.is_error');
  const texts = parts.flatMap((part) => writeUserPart(part, notes)).filter(({ type }) => type === 'text');
  return { role: 'tool', tool_call_id: id, content: texts.length === 0 ? '' : contentOf(texts) };
}

function writeUser({ parts }: Message, notes: Notes): JsonObject[] {
  const results = parts.filter((part) => part.kind === 'tool-result');
  const shown = results.flatMap((result) => result.parts.filter(({ kind }) => kind !== 'text'));
  const content = [...shown, ...parts].flatMap((part) => writeUserPart(part, notes));
  return [
    ...results.map((result) => writeResult(result, notes)),
    ...(content.length === 0 ? [] : [{ role: 'user', content: contentOf(content) }]),
  ];
}

function writeAssistant({ parts }: Message, notes: Notes): JsonObject[] {
  const calls = parts.filter((part) => part.kind === 'tool-call');
  const texts = parts.filter((part) => part.kind === 'text').map(({ text }) => ({ type: 'text', text }));
  const refusals = parts.filter((part) => part.kind === 'refusal').map(({ text }) => text);
  if (parts.some(({ kind }) => kind === 'thinking')) notes.drop('messages[].thinking');
  if (parts.some(({ kind }) => kind === 'image' || kind === 'audio' || kind === 'file')) {
    notes.block('messages[].image', 'was made by the model, and OpenAI takes none back');
  }
  if (calls.length + texts.length + refusals.length === 0) return [];
  return [
    {
      role: 'assistant',
      content: texts.length === 0 ? null : contentOf(texts),
      ...(refusals.length === 0 ? {} : { refusal: refusals.join('') }),
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map(({ id, name, arguments: text }) => ({
              id,
              type: 'function',
              function: { name, arguments: text === '' ? '{}' : text },
            })),
          }),
    },
  ];
}

export function writeConversation(
  { system, messages }: Pick<FormRequest, 'system' | 'messages'>,
  notes: Notes,
): JsonObject[] {
  const before = system.map(({ text }) => ({ type: 'text', text }));
  return [
    ...(before.length === 0 ? [] : [{ role: 'system', content: contentOf(before) }]),
    ...messages.flatMap((message) =>
      message.role === 'user' ? writeUser(message, notes) : writeAssistant(message, notes),
    ),
  ];
}
