/** Anthropic's Messages API, plain and streamed (docs.anthropic.com/en/api/messages). Pure. */
import { chooseTool, computeAnswer, countTokens, idOf, type Answer, type ToolCall } from './answer.ts';
import {
  jsonReply,
  renderEvent,
  streamReply,
  type ProviderCodec,
  type ProviderReply,
  type ProviderRequest,
} from './exchange.ts';
import { asArray, asCount, asObject, asObjects, asString, contentText, type JsonObject } from './json.ts';

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function fail(status: number, message: string, request: ProviderRequest): ProviderReply {
  const error = { type: errorTypes[status] ?? 'api_error', message };
  return jsonReply(status, { type: 'error', error, request_id: idOf('req_', request.seed) });
}

interface Turn {
  readonly seed: string;
  readonly model: string;
  readonly answer: Answer;
  readonly call: ToolCall | undefined;
}

function outputTokens({ answer, call }: Turn): number {
  return call === undefined ? answer.outputTokens : countTokens(JSON.stringify(call));
}

function stopReason({ answer, call }: Turn): string {
  if (call !== undefined) return 'tool_use';
  return answer.truncated ? 'max_tokens' : 'end_turn';
}

function block(turn: Turn, empty: boolean): JsonObject {
  const { call, answer, seed } = turn;
  if (call === undefined) return { type: 'text', text: empty ? '' : answer.text };
  return { type: 'tool_use', id: idOf('toolu_', seed), name: call.name, input: empty ? {} : call.arguments };
}

function message(turn: Turn, finished: boolean): JsonObject {
  return {
    id: idOf('msg_', turn.seed),
    type: 'message',
    role: 'assistant',
    model: turn.model,
    content: finished ? [block(turn, false)] : [],
    stop_reason: finished ? stopReason(turn) : null,
    stop_sequence: null,
    usage: {
      input_tokens: turn.answer.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      // The API counts one token before the first is shown.
      output_tokens: finished ? outputTokens(turn) : 1,
      service_tier: 'standard',
    },
  };
}

function deltas({ call, answer }: Turn): readonly JsonObject[] {
  if (call !== undefined) return [{ type: 'input_json_delta', partial_json: JSON.stringify(call.arguments) }];
  return answer.pieces.map((text) => ({ type: 'text_delta', text }));
}

function streamed(turn: Turn): ProviderReply {
  const events: readonly JsonObject[] = [
    { type: 'message_start', message: message(turn, false) },
    { type: 'content_block_start', index: 0, content_block: block(turn, true) },
    { type: 'ping' },
    ...deltas(turn).map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason(turn), stop_sequence: null },
      usage: { output_tokens: outputTokens(turn) },
    },
    { type: 'message_stop' },
  ];
  return streamReply(events.map((event) => renderEvent(event, String(event['type']))));
}

function callOf(body: JsonObject, messages: readonly JsonObject[], last: string): ToolCall | undefined {
  const choice = asObject(body['tool_choice']);
  const results = asArray(messages.at(-1)?.['content']).some(
    (each) => asObject(each)?.['type'] === 'tool_result',
  );
  if (choice?.['type'] === 'none' || results) return undefined;
  const tools = asArray(body['tools']).flatMap((tool) => {
    const name = asString(asObject(tool)?.['name']);
    return name === undefined ? [] : [{ name, schema: asObject(tool)?.['input_schema'] }];
  });
  return chooseTool(tools, last, asString(choice?.['name']) ?? choice?.['type'] === 'any');
}

/** The turn, or what is wrong with the request. */
function parseTurn(request: ProviderRequest, counting: boolean): Turn | ProviderReply {
  const body = asObject(request.json);
  if (body === undefined) return fail(400, 'The request body is not valid JSON', request);
  const model = asString(body['model']);
  if (model === undefined) return fail(400, 'model: Field required', request);
  if (!model.startsWith('claude-')) return fail(404, `model: ${model.slice(0, 100)}`, request);
  if (!counting && (asCount(body['max_tokens']) ?? 0) < 1)
    return fail(400, 'max_tokens: Field required', request);
  const messages = asObjects(body['messages']);
  if (messages.length === 0) return fail(400, 'messages: at least one message is required', request);
  return computeTurn(request.seed, model, body, messages);
}

function computeTurn(seed: string, model: string, body: JsonObject, messages: readonly JsonObject[]): Turn {
  const last = contentText(messages.findLast((each) => each['role'] === 'user')?.['content'] ?? '');
  const text = [
    contentText(body['system'] ?? ''),
    ...messages.map((each) => contentText(each['content'] ?? '')),
  ];
  const answer = computeAnswer({ text: text.join('\n'), last, maxTokens: asCount(body['max_tokens']) });
  return { seed, model, answer, call: callOf(body, messages, last) };
}

function answerMessages(request: ProviderRequest): ProviderReply {
  const turn = parseTurn(request, false);
  if ('status' in turn) return turn;
  return asObject(request.json)?.['stream'] === true ? streamed(turn) : jsonReply(200, message(turn, true));
}

function answerCount(request: ProviderRequest): ProviderReply {
  const turn = parseTurn(request, true);
  return 'status' in turn ? turn : jsonReply(200, { input_tokens: turn.answer.inputTokens });
}

export const anthropicCodec: ProviderCodec = {
  hosts: ['api.anthropic.com'],
  presentedKey: ({ headers }) => headers['x-api-key'],
  refuseKey: (request, presented) =>
    fail(401, presented === undefined ? 'x-api-key header is required' : 'invalid x-api-key', request),
  fail,
  answer(request) {
    if (request.headers['anthropic-version'] === undefined)
      return fail(400, 'anthropic-version: header is required', request);
    switch (`${request.method} ${request.path}`) {
      case 'POST /v1/messages':
        return answerMessages(request);
      case 'POST /v1/messages/count_tokens':
        return answerCount(request);
      default:
        return fail(404, 'Not found', request);
    }
  },
};
