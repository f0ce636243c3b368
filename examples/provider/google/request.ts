/** Google's generateContent as it is asked for (ai.google.dev/api/generate-content). Pure. */
import type { Ask } from '../ask.ts';
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import {
  asCount,
  asObject,
  asObjects,
  asString,
  asStrings,
  contentText,
  settingsOf,
  unknownMember,
  type JsonObject,
} from '../json.ts';
import { camel } from './camel.ts';
import { googleError } from './error.ts';
import { schemaProblem } from './schema.ts';
import { readTurns } from './turn.ts';

const members = new Set(
  'cachedContent contents generationConfig labels safetySettings serviceTier store systemInstruction toolConfig tools'.split(
    ' ',
  ),
);
const configMembers = new Set(
  (
    'audioTimestamp candidateCount enableEnhancedCivicAnswers frequencyPenalty imageConfig logprobs maxOutputTokens ' +
    'mediaResolution presencePenalty responseFormat responseJsonSchema responseLogprobs responseMimeType ' +
    'responseModalities responseSchema seed speechConfig stopSequences temperature thinkingConfig topK topP'
  ).split(' '),
);

function choiceOf(config: JsonObject | undefined): Ask['toolChoice'] {
  const [only, ...more] = asStrings(config?.['allowedFunctionNames']);
  if (config?.['mode'] === 'ANY') return only !== undefined && more.length === 0 ? { name: only } : 'any';
  return config?.['mode'] === 'NONE' ? 'none' : 'auto';
}

function formatOf(config: JsonObject): Ask['format'] {
  if (config['responseMimeType'] !== 'application/json') return undefined;
  return { schema: asObject(config['responseJsonSchema']) ?? asObject(config['responseSchema']) };
}

function declarationsOf(body: JsonObject): readonly JsonObject[] {
  return asObjects(body['tools']).flatMap((tool) => asObjects(tool['functionDeclarations']));
}

function bodyProblem(body: JsonObject, config: JsonObject): string | undefined {
  const strange = unknownMember(body, members) ?? unknownMember(config, configMembers);
  if (strange !== undefined)
    return `Invalid JSON payload received. Unknown name "${strange}": Cannot find field.`;
  const schemas = [...declarationsOf(body).map((each) => each['parameters']), config['responseSchema']];
  return schemas.map(schemaProblem).find((problem) => problem !== undefined);
}

function readSettings(
  body: JsonObject,
  config: JsonObject,
  stream: boolean,
): Omit<Ask, 'model' | 'turns' | 'system'> {
  return {
    stream,
    tools: declarationsOf(body).flatMap((each) => {
      const name = asString(each['name']);
      const schema = each['parameters'] ?? each['parametersJsonSchema'];
      return name === undefined ? [] : [{ name, schema }];
    }),
    toolChoice: choiceOf(asObject(asObject(body['toolConfig'])?.['functionCallingConfig'])),
    parallel: true,
    format: formatOf(config),
    maxTokens: asCount(config['maxOutputTokens']),
    stop: asStrings(config['stopSequences']),
    showsThoughts: asObject(config['thinkingConfig'])?.['includeThoughts'] === true,
    settings: {
      temperature: config['temperature'],
      top_p: config['topP'],
      top_k: config['topK'],
      ...settingsOf(config, ['seed', 'thinkingConfig']),
    },
  };
}

export function readGenerate(request: ProviderRequest, model: string, stream: boolean): Ask | ProviderReply {
  const body = asObject(camel(request.json));
  if (body === undefined) return googleError(400, 'Invalid JSON payload received.');
  if (!/^(gemini|gemma)-/.test(model))
    return googleError(404, `models/${model.slice(0, 100)} is not found for API version v1beta.`);
  const config = asObject(body['generationConfig']) ?? {};
  const problem = bodyProblem(body, config);
  if (problem !== undefined) return googleError(400, problem);
  const turns = readTurns(asObjects(body['contents']));
  if (typeof turns === 'string') return googleError(400, turns);
  const system = asObject(body['systemInstruction']);
  return {
    model,
    turns,
    system: contentText(system?.['parts'] ?? []),
    ...readSettings(body, config, stream),
  };
}
