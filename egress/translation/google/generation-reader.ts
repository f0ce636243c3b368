/** generationConfig, as the agent sent it, into the form. Pure. */
import type { FormRequest, ResponseFormat, Thinking } from '../form.ts';
import type { Members } from '../members.ts';
import type { Notes } from '../notes.ts';
import { readSchema } from './tool-reader.ts';

type Generation = Pick<
  FormRequest,
  | 'maxOutputTokens'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'stop'
  | 'seed'
  | 'presencePenalty'
  | 'frequencyPenalty'
  | 'responseFormat'
  | 'thinking'
>;

const levels = new Map<string, 'minimal' | 'low' | 'medium' | 'high'>([
  ['MINIMAL', 'minimal'],
  ['LOW', 'low'],
  ['MEDIUM', 'medium'],
  ['HIGH', 'high'],
]);

function readThinking(config: Members, notes: Notes): Thinking | undefined {
  const thinking = config.object('thinkingConfig');
  if (thinking === undefined) return undefined;
  const tokens = thinking.number('thinkingBudget');
  const level = thinking.text('thinkingLevel');
  thinking.ignore('includeThoughts');
  thinking.end();
  const effort = level === undefined ? undefined : levels.get(level.toUpperCase());
  if (effort !== undefined) return { kind: 'effort', effort };
  if (level !== undefined) notes.drop(thinking.pathOf('thinkingLevel'));
  // -1: as much as the model wants, which is what nobody asks for elsewhere.
  if (tokens === undefined || tokens < 0) return undefined;
  return tokens === 0 ? { kind: 'off' } : { kind: 'budget', tokens };
}

function readFormat(config: Members, notes: Notes): ResponseFormat | undefined {
  config.refuse('asks for a format in a way that is not translated', 'responseFormat');
  const type = config.text('responseMimeType') ?? 'text/plain';
  const names = { json: 'responseJsonSchema', own: 'responseSchema' };
  const schema = readSchema(config, names, notes) ?? config.json('_responseJsonSchema');
  if (type === 'text/plain') return undefined;
  if (type !== 'application/json')
    notes.block(config.pathOf('responseMimeType'), 'is a format that Google alone has');
  if (schema === undefined) return { kind: 'json' };
  return { kind: 'json-schema', name: 'response', schema, strict: undefined };
}

function refuseOthers(config: Members, notes: Notes): void {
  const count = config.number('candidateCount');
  if (count !== undefined && count > 1)
    notes.block(config.pathOf('candidateCount'), 'asks for several answers');
  if (config.flag('responseLogprobs') === true) {
    notes.block(config.pathOf('responseLogprobs'), 'asks for probabilities, which are not translated');
  }
  const modalities = config.list('responseModalities');
  if (modalities.some((name) => name !== 'TEXT' && name !== 'MODALITY_UNSPECIFIED')) {
    notes.block(config.pathOf('responseModalities'), 'asks for more than text');
  }
  config.refuse('lets Google choose another model', 'routingConfig', 'modelSelectionConfig');
  config.refuse('is carried out by Google alone', 'translationConfig', 'audioTranscriptionConfig');
}

const nothing: Generation = {
  maxOutputTokens: undefined,
  temperature: undefined,
  topP: undefined,
  topK: undefined,
  stop: [],
  seed: undefined,
  presencePenalty: undefined,
  frequencyPenalty: undefined,
  responseFormat: undefined,
  thinking: undefined,
};

export function readGeneration(body: Members, notes: Notes): Generation {
  const config = body.object('generationConfig');
  if (config === undefined) return nothing;
  refuseOthers(config, notes);
  const stop = config.list('stopSequences');
  if (stop.some((text) => typeof text !== 'string'))
    notes.block(config.pathOf('stopSequences'), 'is not a list of texts');
  const read: Generation = {
    maxOutputTokens: config.number('maxOutputTokens'),
    temperature: config.number('temperature'),
    topP: config.number('topP'),
    topK: config.number('topK'),
    stop: stop.filter((text) => typeof text === 'string'),
    seed: config.number('seed'),
    presencePenalty: config.number('presencePenalty'),
    frequencyPenalty: config.number('frequencyPenalty'),
    responseFormat: readFormat(config, notes),
    thinking: readThinking(config, notes),
  };
  config.end();
  return read;
}
