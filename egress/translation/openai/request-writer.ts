/** The form as a request of chat completions. Pure. */
import { chatLimitName, type JsonObject } from '../../providers/index.ts';
import type { Result, WriteContext, WrittenRequest } from '../codec.ts';
import type { FormRequest, ResponseFormat, Tool, ToolChoice } from '../form.ts';
import { effortOf } from '../effort.ts';
import { Notes } from '../notes.ts';
import { compact } from '../json.ts';
import { writeConversation } from './message-writer.ts';

const maxStops = 4;
/** OpenAI refuses longer names. */
const maxUser = 64;

function writeTool({ name, description, parameters, strict }: Tool): JsonObject {
  return { type: 'function', function: compact({ name, description, parameters, strict }) };
}

function writeChoice(choice: ToolChoice | undefined): unknown {
  if (choice === undefined) return undefined;
  if (choice.kind === 'tool') return { type: 'function', function: { name: choice.name } };
  return choice.kind === 'any' ? 'required' : choice.kind;
}

function writeFormat(format: ResponseFormat | undefined): unknown {
  if (format === undefined) return undefined;
  if (format.kind === 'json') return { type: 'json_object' };
  const { name, schema, strict } = format;
  return { type: 'json_schema', json_schema: compact({ name, schema, strict }) };
}

const reasons = /(?:^|\/)(?:o[1-9](?![a-z0-9])|gpt-(?:[5-9]|[1-9]\d)|gpt-oss|codex)/;

/** Others answer `reasoning_effort` with an error. */
function isReasoning(model: string): boolean {
  return reasons.test(model) && !model.includes('chat');
}

function writeEffort({ model, thinking }: FormRequest, notes: Notes): string | undefined {
  if (thinking === undefined || thinking.kind === 'off') return undefined;
  if (isReasoning(model)) return effortOf(thinking);
  notes.drop('thinking');
  return undefined;
}

function writeUser({ user }: FormRequest, notes: Notes): string | undefined {
  if (user === undefined || user.length <= maxUser) return user;
  notes.drop('user');
  return undefined;
}

/** Without a Backend it is for OpenAI itself. */
const own: WriteContext = { schema: 'openai', outputBound: undefined };

export function writeOpenAiRequest(
  request: FormRequest,
  base: string,
  { schema } = own,
): Result<WrittenRequest> {
  const notes = new Notes();
  const { tools, stop, stream } = request;
  if (stop.length > maxStops)
    notes.block('stop', `has more than ${maxStops} texts, which is all that OpenAI takes`);
  if (request.topK !== undefined) notes.drop('top_k');
  const hasTools = tools.length > 0;
  const body = compact({
    model: request.model,
    messages: writeConversation(request, notes),
    stream: stream ? true : undefined,
    // Every other API reports usage unasked, and so does the record.
    stream_options: stream ? { include_usage: true } : undefined,
    tools: hasTools ? tools.map(writeTool) : undefined,
    tool_choice: hasTools ? writeChoice(request.toolChoice) : undefined,
    parallel_tool_calls: hasTools ? request.parallelToolCalls : undefined,
    [chatLimitName(schema)]: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    stop: stop.length === 0 ? undefined : stop,
    seed: request.seed,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    response_format: writeFormat(request.responseFormat),
    reasoning_effort: writeEffort(request, notes),
    user: writeUser(request, notes),
  });
  return notes.resultOf({ path: `${base}/v1/chat/completions`, query: '', body, fields: [] });
}
