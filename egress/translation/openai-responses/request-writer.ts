/** The form as a request of the responses API. Pure. Nothing is to be kept there. */
import type { JsonObject } from '../../providers/index.ts';
import type { Result, WrittenRequest } from '../codec.ts';
import type { FormRequest, ResponseFormat, ToolChoice } from '../form.ts';
import { effortOf } from '../effort.ts';
import { Notes } from '../notes.ts';
import { compact } from '../json.ts';
import { writeItems } from './item-writer.ts';

function writeChoice(choice: ToolChoice): unknown {
  switch (choice.kind) {
    case 'auto':
    case 'none':
      return choice.kind;
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', name: choice.name };
  }
}

function writeFormat(format: ResponseFormat | undefined): JsonObject | undefined {
  if (format === undefined) return undefined;
  if (format.kind === 'json') return { format: { type: 'json_object' } };
  const { name, schema, strict } = format;
  return { format: compact({ type: 'json_schema', name, schema, strict }) };
}

/** Models that do not think refuse to be told how much; of the others the first cannot be told not to. */
const unthinking = /^(?:ft:)?(?:gpt-[34](?!\d)|chatgpt-)/;
const neverOff = /^(?:ft:)?(?:o\d|gpt-5(?![.\d]))/;

function writeThinking({ thinking, model }: FormRequest, notes: Notes): JsonObject {
  if (thinking === undefined) return {};
  const isOff = thinking.kind === 'off';
  if (unthinking.test(model) || (isOff && neverOff.test(model))) {
    if (!isOff || neverOff.test(model)) notes.drop('thinking');
    return {};
  }
  if (thinking.kind === 'budget') notes.drop('thinking.tokens');
  const reasoning =
    thinking.kind === 'off' ? { effort: 'none' } : { effort: effortOf(thinking), summary: 'auto' };
  return { reasoning, include: isOff ? undefined : ['reasoning.encrypted_content'] };
}

const left = ['topK', 'seed', 'presencePenalty', 'frequencyPenalty'] as const;

function note(request: FormRequest, notes: Notes): void {
  if (request.model === '') notes.block('model', 'is missing');
  if (request.stop.length > 0) notes.block('stop', 'is not taken by the responses API, which would go on');
  for (const name of left) if (request[name] !== undefined) notes.drop(name);
}

function writeTools({ tools, toolChoice }: FormRequest): JsonObject {
  if (tools.length === 0) return {};
  return {
    tools: tools.map(({ name, description, parameters, strict }) =>
      // Where nobody says so, a schema is strict here, and nowhere else.
      compact({
        type: 'function',
        name,
        description,
        parameters: parameters ?? null,
        strict: strict ?? false,
      }),
    ),
    tool_choice: toolChoice && writeChoice(toolChoice),
  };
}

export function writeResponsesRequest(request: FormRequest, base: string): Result<WrittenRequest> {
  const notes = new Notes();
  note(request, notes);
  const instructions = request.system.map(({ text }) => text).join('\n\n');
  const body = compact({
    model: request.model,
    instructions: instructions === '' ? undefined : instructions,
    input: writeItems(request.messages, notes),
    ...writeTools(request),
    parallel_tool_calls: request.tools.length === 0 ? undefined : request.parallelToolCalls,
    max_output_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    text: writeFormat(request.responseFormat),
    ...writeThinking(request, notes),
    user: request.user,
    store: false,
    stream: request.stream ? true : undefined,
  });
  const prefix = base.endsWith('/v1') ? base : `${base}/v1`;
  return notes.resultOf({ path: `${prefix}/responses`, query: '', body, fields: [] });
}
