/** OpenAI's Responses API, plain and streamed (platform.openai.com/docs/api-reference/responses). Pure. */
import { chooseTool, computeAnswer, countTokens, idOf, type Answer, type ToolCall } from './answer.ts';
import { jsonReply, renderEvent, streamReply, type ProviderReply, type ProviderRequest } from './exchange.ts';
import { asArray, asCount, asObject, asObjects, asString, contentText, type JsonObject } from './json.ts';
import { checkModel, openaiError } from './openai-error.ts';

interface Turn {
  readonly body: JsonObject;
  readonly seed: string;
  readonly model: string;
  readonly created: number;
  readonly answer: Answer;
  readonly call: ToolCall | undefined;
}

const part = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [], logprobs: [] });

function messageItem(turn: Turn, status: string, text?: string): JsonObject {
  const content = text === undefined ? [] : [part(text)];
  return { id: idOf('msg_', turn.seed), type: 'message', status, role: 'assistant', content };
}

function callItem(turn: Turn, call: ToolCall, status: string, args: string): JsonObject {
  const call_id = idOf('call_', turn.seed);
  return {
    id: idOf('fc_', turn.seed),
    type: 'function_call',
    status,
    name: call.name,
    arguments: args,
    call_id,
  };
}

function finishedItem(turn: Turn): JsonObject {
  if (turn.call !== undefined)
    return callItem(turn, turn.call, 'completed', JSON.stringify(turn.call.arguments));
  return messageItem(turn, turn.answer.truncated ? 'incomplete' : 'completed', turn.answer.text);
}

function usageOf({ answer, call }: Turn): JsonObject {
  const output = call === undefined ? answer.outputTokens : countTokens(JSON.stringify(call));
  return {
    input_tokens: answer.inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: answer.inputTokens + output,
  };
}

/** What the request said, said back. */
function echoed(body: JsonObject): JsonObject {
  const defaults = {
    instructions: null,
    max_output_tokens: null,
    store: true,
    tool_choice: 'auto',
    tools: [],
    metadata: {},
  };
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, body[name] ?? value]));
}

function responseObject(turn: Turn, finished: boolean): JsonObject {
  const incomplete = finished && turn.call === undefined && turn.answer.truncated;
  const ended = incomplete ? 'incomplete' : 'completed';
  return {
    id: idOf('resp_', turn.seed),
    object: 'response',
    created_at: turn.created,
    status: finished ? ended : 'in_progress',
    background: false,
    error: null,
    incomplete_details: incomplete ? { reason: 'max_output_tokens' } : null,
    ...echoed(turn.body),
    model: turn.model,
    output: finished ? [finishedItem(turn)] : [],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    temperature: 1,
    text: { format: { type: 'text' } },
    top_p: 1,
    truncation: 'disabled',
    usage: finished ? usageOf(turn) : null,
    user: null,
  };
}

type Event = readonly [type: string, fields: JsonObject];

function textEvents(turn: Turn): readonly Event[] {
  const at = { item_id: idOf('msg_', turn.seed), output_index: 0, content_index: 0 };
  const { text, pieces } = turn.answer;
  return [
    ['response.output_item.added', { output_index: 0, item: messageItem(turn, 'in_progress') }],
    ['response.content_part.added', { ...at, part: part('') }],
    ...pieces.map((delta): Event => ['response.output_text.delta', { ...at, delta, logprobs: [] }]),
    ['response.output_text.done', { ...at, text, logprobs: [] }],
    ['response.content_part.done', { ...at, part: part(text) }],
    ['response.output_item.done', { output_index: 0, item: finishedItem(turn) }],
  ];
}

function callEvents(turn: Turn, call: ToolCall): readonly Event[] {
  const at = { item_id: idOf('fc_', turn.seed), output_index: 0 };
  const args = JSON.stringify(call.arguments);
  return [
    ['response.output_item.added', { output_index: 0, item: callItem(turn, call, 'in_progress', '') }],
    ['response.function_call_arguments.delta', { ...at, delta: args }],
    ['response.function_call_arguments.done', { ...at, name: call.name, arguments: args }],
    ['response.output_item.done', { output_index: 0, item: finishedItem(turn) }],
  ];
}

function streamed(turn: Turn): ProviderReply {
  const open = { response: responseObject(turn, false) };
  const done = responseObject(turn, true);
  const events: readonly Event[] = [
    ['response.created', open],
    ['response.in_progress', open],
    ...(turn.call === undefined ? textEvents(turn) : callEvents(turn, turn.call)),
    [`response.${String(done['status'])}`, { response: done }],
  ];
  return streamReply(
    events.map(([type, fields], index) => renderEvent({ type, sequence_number: index, ...fields }, type)),
  );
}

function inputItems(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  return asObjects(input);
}

function callOf(body: JsonObject, items: readonly JsonObject[], last: string): ToolCall | undefined {
  const choice = body['tool_choice'];
  if (choice === 'none' || items.at(-1)?.['type'] === 'function_call_output') return undefined;
  const tools = asArray(body['tools']).flatMap((tool) => {
    const name = asString(asObject(tool)?.['name']);
    return name === undefined ? [] : [{ name, schema: asObject(tool)?.['parameters'] }];
  });
  return chooseTool(tools, last, asString(asObject(choice)?.['name']) ?? choice === 'required');
}

export function answerResponses(request: ProviderRequest): ProviderReply {
  const body = asObject(request.json);
  if (body === undefined) return openaiError(400, 'We could not parse the JSON body of your request.');
  const model = checkModel(body['model']);
  if (typeof model !== 'string') return model;
  const items = inputItems(body['input']);
  if (items.length === 0)
    return openaiError(400, "Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  const last = contentText(items.findLast((item) => (item['role'] ?? 'user') === 'user')?.['content'] ?? '');
  const text = [
    asString(body['instructions']) ?? '',
    ...items.map((item) => contentText(item['content'] ?? item['output'] ?? '')),
  ];
  const answer = computeAnswer({
    text: text.join('\n'),
    last,
    maxTokens: asCount(body['max_output_tokens']),
  });
  const { seed, created } = request;
  const turn: Turn = { body, seed, model, created, answer, call: callOf(body, items, last) };
  return body['stream'] === true ? streamed(turn) : jsonReply(200, responseObject(turn, true));
}
