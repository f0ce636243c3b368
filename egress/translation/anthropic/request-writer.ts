/** The form as a messages request. Pure. The limit of the answer, which Anthropic demands, is filled in where there is none. */
import type { JsonObject } from '../../providers/index.ts';
import type { Result, WriteContext, WrittenRequest } from '../codec.ts';
import type { FormRequest, ResponseFormat, Tool } from '../form.ts';
import { Notes } from '../notes.ts';
import { compact } from '../json.ts';
import { writeConversation } from './message-writer.ts';
import { modelOf, writeThinking } from './thinking.ts';

/** Of an answer that names no limit. */
const usualTokens = 4_096;
const version = ['anthropic-version', '2023-06-01'] as const;

function writeTool({ name, description, parameters, strict }: Tool): JsonObject {
  // A tool without parameters is one whose object has none.
  const input_schema = parameters ?? { type: 'object', properties: {} };
  return compact({ name, description, input_schema, strict: strict === true ? true : undefined });
}

function writeChoice({ tools, toolChoice, parallelToolCalls }: FormRequest): JsonObject | undefined {
  if (tools.length === 0) return undefined;
  if (toolChoice === undefined && parallelToolCalls === undefined) return undefined;
  const choice = toolChoice ?? { kind: 'auto' };
  const alone = parallelToolCalls === undefined || choice.kind === 'none' ? undefined : !parallelToolCalls;
  const name = choice.kind === 'tool' ? choice.name : undefined;
  return compact({ type: choice.kind, name, disable_parallel_tool_use: alone });
}

function writeFormat(format: ResponseFormat | undefined, notes: Notes): JsonObject | undefined {
  if (format === undefined) return undefined;
  if (format.kind === 'json-schema') return { type: 'json_schema', schema: format.schema };
  notes.block(
    'response_format',
    'asks for JSON without a schema, which Anthropic cannot promise; give a json_schema',
  );
  return undefined;
}

interface Sampling {
  readonly temperature: number | undefined;
  readonly top_p: number | undefined;
  readonly top_k: number | undefined;
}

const none: Sampling = { temperature: undefined, top_p: undefined, top_k: undefined };

/** What a model refuses, or refuses while it thinks, is left out; temperatures end at 1. */
function writeSampling(request: FormRequest, thinks: boolean, notes: Notes): Sampling {
  const { temperature, topP: top_p, topK: top_k } = request;
  if (thinks || !modelOf(request.model).samples) {
    for (const name of Object.keys(compact({ temperature, top_p, top_k }))) notes.drop(name);
    return none;
  }
  if (temperature === undefined) return { temperature, top_p, top_k };
  if (temperature > 1) notes.drop('temperature (as 1)');
  // Newer models take one of both.
  if (top_p !== undefined) notes.drop('top_p');
  return { temperature: Math.min(temperature, 1), top_p: undefined, top_k };
}

function dropUnknown({ seed, presencePenalty, frequencyPenalty }: FormRequest, notes: Notes): void {
  if (seed !== undefined) notes.drop('seed');
  if ((presencePenalty ?? 0) !== 0) notes.drop('presence_penalty');
  if ((frequencyPenalty ?? 0) !== 0) notes.drop('frequency_penalty');
}

function writeSystem({ system }: FormRequest): unknown {
  const blocks = system.filter(({ text }) => text.trim() !== '').map(({ text }) => ({ type: 'text', text }));
  const [first] = blocks;
  return blocks.length === 1 ? first?.text : blocks.length === 0 ? undefined : blocks;
}

/** As a budget counts it: thoughts are part of the answer, and both must fit. */
function boundedBy(request: FormRequest, bound: number | undefined): FormRequest {
  if (bound === undefined || request.maxOutputTokens !== undefined) return request;
  const { extraTokens } = writeThinking(request, new Notes());
  if (usualTokens + extraTokens <= bound) return request;
  const tokens = Math.max(0, bound - usualTokens);
  const thinking = extraTokens === 0 ? request.thinking : ({ kind: 'budget', tokens } as const);
  return { ...request, maxOutputTokens: bound, thinking };
}

export function writeAnthropicRequest(
  asked: FormRequest,
  base: string,
  context?: WriteContext,
): Result<WrittenRequest> {
  const notes = new Notes();
  const request = boundedBy(asked, context?.outputBound);
  const { tools, stop, stream, user } = request;
  dropUnknown(request, notes);
  const { thinking, effort, extraTokens } = writeThinking(request, notes);
  const format = writeFormat(request.responseFormat, notes);
  const config = compact({ effort, format });
  const body = compact({
    model: request.model,
    max_tokens: request.maxOutputTokens ?? usualTokens + extraTokens,
    system: writeSystem(request),
    messages: writeConversation(request.messages, notes),
    stream: stream ? true : undefined,
    tools: tools.length === 0 ? undefined : tools.map(writeTool),
    tool_choice: writeChoice(request),
    stop_sequences: stop.length === 0 ? undefined : stop,
    ...writeSampling(request, thinking !== undefined, notes),
    thinking,
    output_config: Object.keys(config).length === 0 ? undefined : config,
    metadata: user === undefined ? undefined : { user_id: user },
  });
  return notes.resultOf({ path: `${base}/v1/messages`, query: '', body, fields: [version] });
}
