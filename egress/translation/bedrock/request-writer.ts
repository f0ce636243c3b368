/** The form as a request of Converse or ConverseStream. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import type { Result, WrittenRequest } from '../codec.ts';
import type { FormRequest, ToolChoice } from '../form.ts';
import { compact, jsonText } from '../json.ts';
import { Notes } from '../notes.ts';
import { BlockWriter } from './block-writer.ts';
import { writeModelFields } from './model-fields.ts';
import { writePlace } from './path.ts';

/** The API asks for a schema. */
const noParameters = { type: 'object', properties: {} };

function writeChoice(choice: ToolChoice): JsonObject | undefined {
  switch (choice.kind) {
    case 'auto':
    case 'any':
      return { [choice.kind]: {} };
    case 'tool':
      return { tool: { name: choice.name } };
    case 'none':
      return undefined;
  }
}

function hasToolBlocks({ messages }: FormRequest): boolean {
  return messages.some(({ parts }) =>
    parts.some(({ kind }) => kind === 'tool-call' || kind === 'tool-result'),
  );
}

/** There is no choice of none: without tools there is nothing to choose, unless the conversation already used some. */
function writeTools(request: FormRequest, notes: Notes): JsonObject | undefined {
  const { tools, toolChoice } = request;
  if (tools.length === 0) return undefined;
  if (toolChoice?.kind === 'none') {
    if (hasToolBlocks(request)) notes.block('toolChoice', 'cannot be none at Bedrock after tools were used');
    return undefined;
  }
  const written = tools.map(({ name, description, parameters, strict }) => ({
    toolSpec: compact({ name, description, inputSchema: { json: parameters ?? noParameters }, strict }),
  }));
  return compact({ tools: written, toolChoice: toolChoice && writeChoice(toolChoice) });
}

function writeOutput(
  { responseFormat }: FormRequest,
  effort: string | undefined,
  notes: Notes,
): JsonObject | undefined {
  if (responseFormat?.kind === 'json') notes.block('responseFormat', 'needs a schema at Bedrock');
  if (responseFormat?.kind !== 'json-schema') return effort === undefined ? undefined : { effort };
  const schema = jsonText(responseFormat.schema);
  if (schema === undefined) notes.block('responseFormat.schema', 'is nested too deep');
  const structure = { jsonSchema: { schema, name: responseFormat.name } };
  return compact({ textFormat: { type: 'json_schema', structure }, effort });
}

function writeInference(request: FormRequest): JsonObject | undefined {
  const config = compact({
    maxTokens: request.maxOutputTokens,
    temperature: request.temperature,
    topP: request.topP,
    stopSequences: request.stop.length === 0 ? undefined : request.stop,
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

const left = ['seed', 'presencePenalty', 'frequencyPenalty', 'user'] as const;

export function writeConverseRequest(request: FormRequest, base: string): Result<WrittenRequest> {
  const notes = new Notes();
  const path = writePlace(request, base);
  if (path === undefined) notes.block('model', 'is no name that can stand in a path');
  for (const name of left) if (request[name] !== undefined) notes.drop(name);
  const { fields: additional, effort } = writeModelFields(request, notes);
  const system = request.system.filter(({ text }) => text.trim() !== '').map(({ text }) => ({ text }));
  const body = compact({
    system: system.length === 0 ? undefined : system,
    messages: new BlockWriter(notes).writeAll(request.messages),
    inferenceConfig: writeInference(request),
    toolConfig: writeTools(request, notes),
    additionalModelRequestFields: additional,
    outputConfig: writeOutput(request, effort, notes),
  });
  return notes.resultOf({ path: path ?? '', query: '', body, fields: [] });
}
