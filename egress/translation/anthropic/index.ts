/** Anthropic's messages. */
import type { ChatCodec } from '../codec.ts';
import { readAnthropicError, writeAnthropicError } from './error.ts';
import { readAnthropicRequest } from './request-reader.ts';
import { writeAnthropicRequest } from './request-writer.ts';
import { readAnthropicResponse, writeAnthropicResponse } from './response.ts';
import { AnthropicStreamReader } from './stream-reader.ts';
import { AnthropicStreamWriter } from './stream-writer.ts';

export const anthropicMessages: ChatCodec = {
  api: 'anthropic',
  readRequest: ({ body }) => readAnthropicRequest(body),
  writeRequest: writeAnthropicRequest,
  readResponse: readAnthropicResponse,
  writeResponse: writeAnthropicResponse,
  framingOf: () => 'sse',
  createStreamReader: () => new AnthropicStreamReader(),
  createStreamWriter: (context) => new AnthropicStreamWriter(context),
  readError: readAnthropicError,
  writeError: writeAnthropicError,
};
