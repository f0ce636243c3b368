/** OpenAI's chat completions, and the many servers that speak like it. */
import type { ChatCodec } from '../codec.ts';
import { readOpenAiError, writeOpenAiError } from './error.ts';
import { readOpenAiRequest } from './request-reader.ts';
import { writeOpenAiRequest } from './request-writer.ts';
import { readOpenAiResponse, writeOpenAiResponse } from './response.ts';
import { OpenAiStreamReader } from './stream-reader.ts';
import { OpenAiStreamWriter } from './stream-writer.ts';

export const openAiChat: ChatCodec = {
  api: 'openai',
  readRequest: ({ body }) => readOpenAiRequest(body),
  writeRequest: writeOpenAiRequest,
  readResponse: readOpenAiResponse,
  writeResponse: writeOpenAiResponse,
  framingOf: () => 'sse',
  createStreamReader: () => new OpenAiStreamReader(),
  createStreamWriter: (context) => new OpenAiStreamWriter(context),
  readError: readOpenAiError,
  writeError: writeOpenAiError,
};
