/** Google's generateContent and streamGenerateContent, of the Gemini API and of Vertex. */
import type { ChatCodec } from '../codec.ts';
import { readGoogleError, writeGoogleError } from './error.ts';
import { framingOf } from './path.ts';
import { readGoogleRequest } from './request-reader.ts';
import { writeGoogleRequest } from './request-writer.ts';
import { readGoogleResponse, writeGoogleResponse } from './response.ts';
import { GoogleStreamReader } from './stream-reader.ts';
import { GoogleStreamWriter } from './stream-writer.ts';

export const googleGenerateContent: ChatCodec = {
  api: 'google',
  readRequest: readGoogleRequest,
  writeRequest: writeGoogleRequest,
  readResponse: readGoogleResponse,
  writeResponse: writeGoogleResponse,
  framingOf,
  createStreamReader: () => new GoogleStreamReader(),
  createStreamWriter: (context) => new GoogleStreamWriter(context),
  readError: readGoogleError,
  writeError: writeGoogleError,
};
