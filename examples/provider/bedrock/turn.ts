/** Messages of Converse as turns, and what is wrong with them. Pure. */
import { mediaOfData, turnOf, type Media, type ToolOutput, type Turn } from '../ask.ts';
import { asObject, asObjects, asString, contentText, type JsonObject } from '../json.ts';

function mediaOf(block: JsonObject): Media | undefined {
  const image = asObject(block['image']);
  const given = image ?? asObject(block['document']);
  if (given === undefined) return undefined;
  const kind = image === undefined ? 'file' : 'image';
  const format = asString(given['format']) ?? '';
  const mediaType = image === undefined ? format : `image/${format}`;
  const source = asObject(given['source']) ?? {};
  const place = asString(asObject(source['s3Location'])?.['uri']);
  if (place !== undefined) return { kind, mediaType, bytes: undefined, url: place };
  return mediaOfData(kind, mediaType, asString(source['bytes']) ?? '');
}

function resultOf(block: JsonObject): ToolOutput {
  const texts = asObjects(block['content']).map(
    ({ text, json }) => asString(text) ?? (json === undefined ? '' : JSON.stringify(json)),
  );
  return {
    id: asString(block['toolUseId']),
    name: undefined,
    text: texts.join('\n'),
    isError: block['status'] === 'error',
  };
}

function readTurn(message: JsonObject): Turn {
  const blocks = asObjects(message['content']);
  const objects = (name: string): readonly JsonObject[] => asObjects(blocks.map((each) => each[name]));
  return turnOf(message['role'] === 'assistant' ? 'assistant' : 'user', {
    text: contentText(blocks.filter((block) => 'text' in block)),
    calls: objects('toolUse').map(({ toolUseId, name }) => ({
      id: asString(toolUseId),
      name: asString(name) ?? '',
    })),
    results: objects('toolResult').map(resultOf),
    media: blocks.flatMap((block) => mediaOf(block) ?? []),
  });
}

function blankProblem(messages: readonly JsonObject[]): string | undefined {
  for (const [index, message] of messages.entries()) {
    const blocks = asObjects(message['content']);
    if (blocks.length === 0) return `The content field in the Message object at messages.${index} is empty.`;
    const blank = blocks.findIndex(({ text }) => typeof text === 'string' && text.trim() === '');
    if (blank >= 0)
      return `The text field in the ContentBlock object at messages.${index}.content.${blank} is blank. Add text to the text field, and try again.`;
  }
  return undefined;
}

/** Roles alternate, and each turn answers just the calls of the one before. */
function orderProblem(turns: readonly Turn[]): string | undefined {
  if (turns[0]?.role !== 'user')
    return 'A conversation must start with a user message. Try again with a conversation that starts with a user message.';
  for (const [index, turn] of turns.entries()) {
    const before = turns[index - 1];
    if (before?.role === turn.role)
      return 'A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.';
    const asked = before?.calls.map(({ id }) => id) ?? [];
    const told = turn.results.map(({ id }) => id);
    if (told.some((id) => !asked.includes(id)))
      return `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`;
    const open = asked.find((id) => !told.includes(id));
    if (open !== undefined)
      return `Expected toolResult blocks at messages.${index}.content for the following Ids: ${open}`;
  }
  return undefined;
}

/** The conversation, or what is wrong with it. */
export function readTurns(messages: readonly JsonObject[]): readonly Turn[] | string {
  const turns = messages.map(readTurn);
  return blankProblem(messages) ?? orderProblem(turns) ?? turns;
}
