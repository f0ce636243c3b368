/** OpenAI's responses API, plain and streamed. */
import type { ChatCodec } from '../codec.ts';
import { readResponsesError, writeResponsesError } from './error.ts';
import { readResponsesRequest } from './request-reader.ts';
import { writeResponsesRequest } from './request-writer.ts';
import { readResponsesResponse, writeResponsesResponse } from './response.ts';
import { ResponsesStreamReader } from './stream-reader.ts';
import { ResponsesStreamWriter } from './stream-writer.ts';

export const openAiResponses: ChatCodec = {
  api: 'openai-responses',
  readRequest: readResponsesRequest,
  writeRequest: writeResponsesRequest,
  readResponse: readResponsesResponse,
  writeResponse: writeResponsesResponse,
  framingOf: () => 'sse',
  createStreamReader: () => new ResponsesStreamReader(),
  createStreamWriter: (context) => new ResponsesStreamWriter(context),
  readError: readResponsesError,
  writeError: writeResponsesError,
};
