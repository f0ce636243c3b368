/** Amazon Bedrock's Converse and ConverseStream. */
import type { ChatCodec } from '../codec.ts';
import { readConverseError, writeConverseError } from './error.ts';
import { readConverseRequest } from './request-reader.ts';
import { writeConverseRequest } from './request-writer.ts';
import { readConverseResponse, writeConverseResponse } from './response.ts';
import { ConverseStreamReader } from './stream-reader.ts';
import { ConverseStreamWriter } from './stream-writer.ts';

export const bedrockConverse: ChatCodec = {
  api: 'bedrock-converse',
  readRequest: readConverseRequest,
  writeRequest: writeConverseRequest,
  readResponse: readConverseResponse,
  writeResponse: writeConverseResponse,
  framingOf: () => 'aws-event-stream',
  createStreamReader: () => new ConverseStreamReader(),
  createStreamWriter: () => new ConverseStreamWriter(),
  readError: readConverseError,
  writeError: writeConverseError,
};
