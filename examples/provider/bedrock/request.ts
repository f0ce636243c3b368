/** Converse and ConverseStream as they are asked for (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). Pure. */
import type { Ask, Turn } from '../ask.ts';
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import {
  asCount,
  asObject,
  asObjects,
  asString,
  asStrings,
  contentText,
  unknownMember,
  type JsonObject,
} from '../json.ts';
import { bedrockError } from './error.ts';
import { readTurns } from './turn.ts';

const members = new Set(
  (
    'messages system inferenceConfig toolConfig guardrailConfig additionalModelRequestFields promptVariables ' +
    'additionalModelResponseFieldPaths requestMetadata performanceConfig serviceTier outputConfig'
  ).split(' '),
);
const inferenceMembers = new Set(['maxTokens', 'temperature', 'topP', 'stopSequences']);

function choiceOf(choice: JsonObject | undefined): Ask['toolChoice'] {
  const name = asString(asObject(choice?.['tool'])?.['name']);
  if (name !== undefined) return { name };
  return choice?.['any'] === undefined ? 'auto' : 'any';
}

function parseSchema(text: string | undefined): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

function formatOf(body: JsonObject): Ask['format'] {
  const format = asObject(asObject(body['outputConfig'])?.['textFormat']);
  if (format?.['type'] !== 'json_schema') return undefined;
  const schema = asString(asObject(asObject(format['structure'])?.['jsonSchema'])?.['schema']);
  return { schema: parseSchema(schema) };
}

function memberProblem(body: JsonObject): string | undefined {
  const strange =
    unknownMember(body, members) ?? unknownMember(asObject(body['inferenceConfig']) ?? {}, inferenceMembers);
  return strange === undefined
    ? undefined
    : `Malformed input request: #: extraneous key [${strange}] is not permitted, please reformat your input and try again.`;
}

function toolProblem(body: JsonObject, turns: readonly Turn[]): string | undefined {
  const usesTools = turns.some(({ calls, results }) => calls.length + results.length > 0);
  if (usesTools && body['toolConfig'] === undefined)
    return 'The toolConfig field must be defined when using toolUse and toolResult content blocks.';
  const tools = asObject(body['toolConfig'])?.['tools'];
  return body['toolConfig'] !== undefined && asObjects(tools).length === 0
    ? 'The tools field in toolConfig must not be empty.'
    : undefined;
}

function readSettings(body: JsonObject, stream: boolean): Omit<Ask, 'model' | 'turns' | 'system'> {
  const { maxTokens, temperature, topP, stopSequences } = asObject(body['inferenceConfig']) ?? {};
  const config = asObject(body['toolConfig']);
  const more = asObject(body['additionalModelRequestFields']) ?? {};
  const thinking = asObject(more['thinking']) ?? asObject(more['reasoning_config']);
  return {
    stream,
    tools: asObjects(config?.['tools']).flatMap((tool) => {
      const spec = asObject(tool['toolSpec']);
      const name = asString(spec?.['name']);
      return name === undefined ? [] : [{ name, schema: asObject(spec?.['inputSchema'])?.['json'] }];
    }),
    toolChoice: choiceOf(asObject(config?.['toolChoice'])),
    parallel: true,
    format: formatOf(body),
    maxTokens: asCount(maxTokens),
    stop: asStrings(stopSequences),
    showsThoughts: thinking?.['type'] === 'enabled' || thinking?.['type'] === 'adaptive',
    settings: { temperature, top_p: topP, top_k: more['top_k'], thinking },
  };
}

export function readConverse(request: ProviderRequest, model: string, stream: boolean): Ask | ProviderReply {
  const body = asObject(request.json);
  if (body === undefined)
    return bedrockError(400, 'The request body is not valid JSON.', 'SerializationException');
  const problem = memberProblem(body);
  if (problem !== undefined) return bedrockError(400, problem);
  const turns = readTurns(asObjects(body['messages']));
  if (typeof turns === 'string') return bedrockError(400, turns);
  const wrong = toolProblem(body, turns);
  if (wrong !== undefined) return bedrockError(400, wrong);
  return { model, turns, system: contentText(body['system'] ?? []), ...readSettings(body, stream) };
}
