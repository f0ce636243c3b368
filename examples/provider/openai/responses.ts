/** OpenAI's Responses API, plain and streamed (platform.openai.com/docs/api-reference/responses). Pure. */
import type { Answer, Part } from '../answer.ts';
import type { ChatApi, Turn } from '../chat-api.ts';
import type { StreamEvent } from '../framing.ts';
import { asObject, type JsonObject } from '../json.ts';
import { idOf } from '../tokens.ts';
import { errorObject, openaiError } from './error.ts';
import { itemEvents, itemOf } from './responses-item.ts';
import { readResponses } from './responses-request.ts';

function usageOf({ usage }: Answer): JsonObject {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
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
    parallel_tool_calls: true,
    text: { format: { type: 'text' } },
    temperature: 1,
    top_p: 1,
  };
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, body[name] ?? value]));
}

type Standing = 'in_progress' | 'completed' | 'incomplete' | 'failed';

function responseObject(turn: Turn, status: Standing, error: JsonObject | null = null): JsonObject {
  const { request, ask, answer } = turn;
  const isOver = status === 'completed' || status === 'incomplete';
  return {
    id: idOf('resp_', request.seed),
    object: 'response',
    created_at: request.created,
    status,
    background: false,
    error,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    ...echoed(asObject(request.json) ?? {}),
    model: ask.model,
    output: isOver ? answer.parts.map((part, index) => itemOf(part, index, turn, true)) : [],
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    truncation: 'disabled',
    usage: isOver ? usageOf(answer) : null,
    user: null,
  };
}

const standingOf = ({ finish }: Answer): Standing => (finish === 'length' ? 'incomplete' : 'completed');

function numbered(events: ReadonlyArray<readonly [string, JsonObject, boolean?]>, from = 0): StreamEvent[] {
  return events.map(([type, fields, isPiece = false], index) => ({
    name: type,
    data: { type, sequence_number: from + index, ...fields },
    isPiece,
  }));
}

function events(turn: Turn): readonly StreamEvent[] {
  const open = { response: responseObject(turn, 'in_progress') };
  const standing = standingOf(turn.answer);
  return numbered([
    ['response.created', open],
    ['response.in_progress', open],
    ...turn.answer.parts.flatMap((part: Part, index) => itemEvents(part, index, turn)),
    [`response.${standing}`, { response: responseObject(turn, standing) }],
  ]);
}

export const responsesApi: ChatApi = {
  read: readResponses,
  plain: (turn) => responseObject(turn, standingOf(turn.answer)),
  events,
  framing: () => 'sse',
  fail: (status, message) => openaiError(status, message),
  // The last event says that the response failed; the number goes on from the events that were sent, which it cannot know.
  streamError: (status, message, turn) => {
    const { error } = errorObject(status, message);
    const code = status === 429 ? 'rate_limit_exceeded' : 'server_error';
    const failed = { code, message: error['message'] };
    return numbered([['response.failed', { response: responseObject(turn, 'failed', failed) }]], 1000);
  },
};
