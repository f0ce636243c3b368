/** OpenAI's chat completions, plain and streamed (platform.openai.com/docs/api-reference/chat). Pure. */
import { chooseTool, computeAnswer, countTokens, idOf, type Answer, type ToolCall } from './answer.ts';
import { jsonReply, renderEvent, streamReply, type ProviderReply, type ProviderRequest } from './exchange.ts';
import { asArray, asCount, asObject, asObjects, asString, contentText, type JsonObject } from './json.ts';
import { checkModel, openaiError } from './openai-error.ts';

interface Chat {
  readonly id: string;
  readonly model: string;
  readonly created: number;
  readonly answer: Answer;
  readonly call: ToolCall | undefined;
}

function usageOf({ answer, call }: Chat): JsonObject {
  const output = call === undefined ? answer.outputTokens : countTokens(JSON.stringify(call));
  return {
    prompt_tokens: answer.inputTokens,
    completion_tokens: output,
    total_tokens: answer.inputTokens + output,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function finishReason({ answer, call }: Chat): string {
  if (call !== undefined) return 'tool_calls';
  return answer.truncated ? 'length' : 'stop';
}

function toolCalls(chat: Chat, call: ToolCall): readonly JsonObject[] {
  const id = idOf('call_', chat.id);
  return [{ id, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.arguments) } }];
}

function plain(chat: Chat): ProviderReply {
  const content =
    chat.call === undefined
      ? { content: chat.answer.text }
      : { content: null, tool_calls: toolCalls(chat, chat.call) };
  const message = { role: 'assistant', ...content, refusal: null, annotations: [] };
  return jsonReply(200, {
    id: chat.id,
    object: 'chat.completion',
    created: chat.created,
    model: chat.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(chat) }],
    usage: usageOf(chat),
    service_tier: 'default',
    system_fingerprint: 'fp_standin',
  });
}

function deltas(chat: Chat): readonly JsonObject[] {
  const { call } = chat;
  if (call === undefined) return chat.answer.pieces.map((piece) => ({ content: piece }));
  return toolCalls(chat, call).map((each, index) => ({ tool_calls: [{ index, ...each }] }));
}

function streamed(chat: Chat, includeUsage: boolean): ProviderReply {
  const chunk = (choices: readonly unknown[], usage?: JsonObject): string =>
    renderEvent({
      id: chat.id,
      object: 'chat.completion.chunk',
      created: chat.created,
      model: chat.model,
      service_tier: 'default',
      system_fingerprint: 'fp_standin',
      choices,
      ...(includeUsage ? { usage: usage ?? null } : {}),
    });
  const choice = (delta: JsonObject, finish: string | null): readonly unknown[] => [
    { index: 0, delta, logprobs: null, finish_reason: finish },
  ];
  const first = { role: 'assistant', content: chat.call === undefined ? '' : null, refusal: null };
  return streamReply([
    chunk(choice(first, null)),
    ...deltas(chat).map((delta) => chunk(choice(delta, null))),
    chunk(choice({}, finishReason(chat))),
    ...(includeUsage ? [chunk([], usageOf(chat))] : []),
    renderEvent('[DONE]'),
  ]);
}

function callOf(body: JsonObject, messages: readonly JsonObject[], last: string): ToolCall | undefined {
  const tools = asArray(body['tools']).flatMap((tool) => {
    const definition = asObject(asObject(tool)?.['function']);
    const name = asString(definition?.['name']);
    return name === undefined ? [] : [{ name, schema: definition?.['parameters'] }];
  });
  const choice = body['tool_choice'];
  if (choice === 'none' || messages.at(-1)?.['role'] === 'tool') return undefined;
  const forced = asString(asObject(asObject(choice)?.['function'])?.['name']) ?? choice === 'required';
  return chooseTool(tools, last, forced);
}

export function answerChat(request: ProviderRequest): ProviderReply {
  const body = asObject(request.json);
  if (body === undefined) return openaiError(400, 'We could not parse the JSON body of your request.');
  const model = checkModel(body['model']);
  if (typeof model !== 'string') return model;
  const messages = asObjects(body['messages']);
  if (messages.length === 0)
    return openaiError(
      400,
      "Invalid 'messages': empty array. Expected an array with minimum length 1.",
      'messages',
    );
  if (body['n'] !== undefined && body['n'] !== 1)
    return openaiError(400, "Invalid value for 'n': this stand-in answers with one choice.", 'n');
  const chat = computeChat(request, body, model, messages);
  if (body['stream'] !== true) return plain(chat);
  return streamed(chat, asObject(body['stream_options'])?.['include_usage'] === true);
}

function computeChat(
  request: ProviderRequest,
  body: JsonObject,
  model: string,
  messages: readonly JsonObject[],
): Chat {
  const last = contentText(messages.findLast((message) => message['role'] === 'user')?.['content'] ?? '');
  return {
    id: idOf('chatcmpl-', request.seed),
    model,
    created: request.created,
    answer: computeAnswer({
      text: messages.map((message) => contentText(message['content'] ?? '')).join('\n'),
      last,
      maxTokens: asCount(body['max_completion_tokens']) ?? asCount(body['max_tokens']),
    }),
    call: callOf(body, messages, last),
  };
}
