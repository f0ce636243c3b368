/** Contents of Google's API as turns, and what is wrong with them. Pure. */
import { joinTexts, mediaOfData, turnOf, type Media, type ToolOutput, type Turn } from '../ask.ts';
import { asObject, asObjects, asString, contentText, type JsonObject } from '../json.ts';

function kindOf(mediaType: string | undefined): Media['kind'] {
  const [type] = (mediaType ?? '').split('/');
  return type === 'image' || type === 'audio' ? type : 'file';
}

function mediaOf(part: JsonObject): Media | undefined {
  const inline = asObject(part['inlineData']);
  const file = asObject(part['fileData']);
  const mediaType = asString((inline ?? file)?.['mimeType']);
  const kind = kindOf(mediaType);
  if (inline !== undefined) return mediaOfData(kind, mediaType, asString(inline['data']) ?? '');
  return file && { kind, mediaType, bytes: undefined, url: asString(file['fileUri']) ?? '' };
}

/** By convention `output` is what a tool said and `error` how it failed; else the whole object is. */
function resultOf({ id, name, response }: JsonObject): ToolOutput {
  const given = asObject(response) ?? {};
  const text = asString(given['output']) ?? asString(given['result']) ?? asString(given['error']);
  return {
    id: asString(id),
    name: asString(name),
    text: text ?? JSON.stringify(given),
    isError: given['error'] !== undefined,
  };
}

function readTurn(content: JsonObject): Turn {
  const parts = asObjects(content['parts']);
  const objects = (name: string): readonly JsonObject[] => asObjects(parts.map((part) => part[name]));
  return turnOf(content['role'] === 'model' ? 'assistant' : 'user', {
    text: joinTexts(parts.filter((part) => part['thought'] !== true).map((part) => contentText([part]))),
    calls: objects('functionCall').map(({ id, name }) => ({ id: asString(id), name: asString(name) ?? '' })),
    results: objects('functionResponse').map(resultOf),
    media: parts.flatMap((part) => mediaOf(part) ?? []),
  });
}

const countProblem =
  'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.';

export function readTurns(contents: readonly JsonObject[]): readonly Turn[] | string {
  if (contents.length === 0) return '* GenerateContentRequest.contents: contents is not specified\n';
  const strange = contents.find(({ role }) => role !== undefined && role !== 'user' && role !== 'model');
  if (strange !== undefined) return 'Please use a valid role: user, model.';
  const hollow = contents.findIndex(({ parts }) => asObjects(parts).length === 0);
  if (hollow >= 0)
    return `* GenerateContentRequest.contents[${hollow}].parts: contents.parts must not be empty.\n`;
  const turns = contents.map(readTurn);
  for (const [index, turn] of turns.entries()) {
    const asked = turns[index - 1]?.calls.length ?? 0;
    if (turn.results.length !== asked) return countProblem;
  }
  return turns;
}
