/** Anthropic's Messages API, plain and streamed (docs.anthropic.com/en/api/messages). Pure. */
import type { Answer, Part } from '../answer.ts';
import type { ChatApi, Turn } from '../chat-api.ts';
import type { StreamEvent } from '../framing.ts';
import type { JsonObject } from '../json.ts';
import { idOf } from '../tokens.ts';
import { anthropicError, errorObject } from './error.ts';
import { readOwnMessages } from './request.ts';

const stopReasons = {
  stop: 'end_turn',
  length: 'max_tokens',
  'stop-sequence': 'stop_sequence',
  calls: 'tool_use',
  refusal: 'refusal',
} as const;

/** `empty`: as a stream begins it. */
function block(part: Part, empty: boolean): JsonObject {
  switch (part.kind) {
    case 'thought':
      return {
        type: 'thinking',
        thinking: empty ? '' : part.text,
        signature: empty ? '' : part.signature,
      };
    case 'call':
      return {
        type: 'tool_use',
        id: `toolu_${part.id}`,
        name: part.name,
        input: empty ? {} : part.arguments,
      };
    case 'text':
    case 'refusal':
      return { type: 'text', text: empty ? '' : part.text };
  }
}

/** Cached tokens are told beside input_tokens, not in them. */
function inputUsage({ usage }: Answer): JsonObject {
  const { input, cached, written, hour } = usage;
  return {
    input_tokens: input - cached - written,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    cache_creation: { ephemeral_5m_input_tokens: written - hour, ephemeral_1h_input_tokens: hour },
  };
}

function outputUsage({ usage }: Answer): JsonObject {
  const thinking =
    usage.reasoning === 0 ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } };
  return { output_tokens: usage.output, ...thinking };
}

function message(turn: Turn, finished: boolean): JsonObject {
  const { ask, answer, request } = turn;
  const isLate = answer.step.styles.includes('late usage');
  const begun = isLate ? { input_tokens: 0 } : inputUsage(answer);
  return {
    id: idOf('msg_', request.seed),
    type: 'message',
    role: 'assistant',
    model: ask.model,
    content: finished ? answer.parts.map((part) => block(part, false)) : [],
    stop_reason: finished ? stopReasons[answer.finish] : null,
    stop_sequence: finished ? (answer.stopSequence ?? null) : null,
    usage: {
      ...(finished ? inputUsage(answer) : begun),
      // The API counts one token before the first is shown.
      ...(finished ? outputUsage(answer) : { output_tokens: 1 }),
      service_tier: 'standard',
    },
  };
}

function deltas(part: Part): readonly JsonObject[] {
  switch (part.kind) {
    case 'thought':
      return [
        { type: 'thinking_delta', thinking: part.text },
        { type: 'signature_delta', signature: part.signature },
      ];
    case 'call': {
      const text = JSON.stringify(part.arguments);
      const half = Math.ceil(text.length / 2);
      // The first piece is always empty.
      return ['', text.slice(0, half), text.slice(half)].map((partial_json) => ({
        type: 'input_json_delta',
        partial_json,
      }));
    }
    case 'text':
    case 'refusal':
      return part.pieces.map((text) => ({ type: 'text_delta', text }));
  }
}

function blockEvents(part: Part, index: number): ReadonlyArray<JsonObject> {
  return [
    { type: 'content_block_start', index, content_block: block(part, true) },
    ...(index === 0 ? [{ type: 'ping' }] : []),
    ...deltas(part).map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function events(turn: Turn): readonly StreamEvent[] {
  const { answer } = turn;
  const all: readonly JsonObject[] = [
    { type: 'message_start', message: message(turn, false) },
    ...answer.parts.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason: stopReasons[answer.finish], stop_sequence: answer.stopSequence ?? null },
      usage: {
        ...(answer.step.styles.includes('late usage') ? inputUsage(answer) : {}),
        ...outputUsage(answer),
      },
    },
    { type: 'message_stop' },
  ];
  return all.map((data) => ({
    name: String(data['type']),
    data,
    isPiece: data['type'] === 'content_block_delta',
  }));
}

export const messagesApi: ChatApi = {
  read: (request) => readOwnMessages(request),
  plain: (turn) => message(turn, true),
  events,
  framing: () => 'sse',
  fail: anthropicError,
  streamError: (status, text, { request }) => [
    { name: 'error', data: errorObject(status, text, request), isError: true },
  ],
};
