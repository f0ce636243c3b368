/** Bedrock's Converse and ConverseStream. Pure. */
import type { Answer, Part } from '../answer.ts';
import type { ChatApi, Turn } from '../chat-api.ts';
import type { StreamEvent } from '../framing.ts';
import type { JsonObject } from '../json.ts';
import { bedrockError, exceptionName } from './error.ts';
import { readConverse } from './request.ts';

const stopReasons = {
  stop: 'end_turn',
  length: 'max_tokens',
  'stop-sequence': 'stop_sequence',
  calls: 'tool_use',
  refusal: 'content_filtered',
} as const;

/** Cached tokens are told beside inputTokens, not in them. */
function usageOf({ usage }: Answer): JsonObject {
  const { input, output, cached, written, hour } = usage;
  const details = [
    ...(written > hour ? [{ ttl: '5m', inputTokens: written - hour }] : []),
    ...(hour > 0 ? [{ ttl: '1h', inputTokens: hour }] : []),
  ];
  return {
    inputTokens: input - cached - written,
    outputTokens: output,
    totalTokens: input + output,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: written,
    ...(details.length === 0 ? {} : { cacheDetails: details }),
  };
}

function block(part: Part): JsonObject {
  switch (part.kind) {
    case 'thought':
      return { reasoningContent: { reasoningText: { text: part.text, signature: part.signature } } };
    case 'call':
      return { toolUse: { toolUseId: `tooluse_${part.id}`, name: part.name, input: part.arguments } };
    case 'text':
    case 'refusal':
      return { text: part.text };
  }
}

function plain({ answer }: Turn): JsonObject {
  return {
    output: { message: { role: 'assistant', content: answer.parts.map(block) } },
    stopReason: stopReasons[answer.finish],
    usage: usageOf(answer),
    metrics: { latencyMs: 1 },
  };
}

function deltas(part: Part): readonly JsonObject[] {
  switch (part.kind) {
    case 'thought':
      return [{ reasoningContent: { text: part.text } }, { reasoningContent: { signature: part.signature } }];
    case 'call': {
      const text = JSON.stringify(part.arguments);
      const half = Math.ceil(text.length / 2);
      return [text.slice(0, half), text.slice(half)].map((input) => ({ toolUse: { input } }));
    }
    case 'text':
    case 'refusal':
      return part.pieces.map((text) => ({ text }));
  }
}

/** Only calls begin with an event of their own. */
function blockEvents(part: Part, contentBlockIndex: number): readonly StreamEvent[] {
  const start =
    part.kind === 'call' ? { toolUse: { toolUseId: `tooluse_${part.id}`, name: part.name } } : undefined;
  return [
    ...(start === undefined ? [] : [{ name: 'contentBlockStart', data: { start, contentBlockIndex } }]),
    ...deltas(part).map((delta) => ({
      name: 'contentBlockDelta',
      data: { delta, contentBlockIndex },
      isPiece: true,
    })),
    { name: 'contentBlockStop', data: { contentBlockIndex } },
  ];
}

function events({ answer }: Turn): readonly StreamEvent[] {
  return [
    { name: 'messageStart', data: { role: 'assistant' } },
    ...answer.parts.flatMap(blockEvents),
    { name: 'messageStop', data: { stopReason: stopReasons[answer.finish] } },
    { name: 'metadata', data: { usage: usageOf(answer), metrics: { latencyMs: 1 } } },
  ];
}

/** Exceptions in a stream have names that begin small. */
function streamException(status: number): string {
  const name = exceptionName(status);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

export function converseApi(model: string, isStream: boolean): ChatApi {
  return {
    read: (request) => readConverse(request, model, isStream),
    plain,
    events,
    framing: () => 'aws-event-stream',
    fail: (status, message) => bedrockError(status, message),
    streamError: (status, message) => [{ name: streamException(status), data: { message }, isError: true }],
  };
}
