/** A provider the operator vouches for: no hosts of its own, OpenAI's shapes where they happen to be spoken. */
import type { ProviderCodec } from '../codec.ts';
import {
  openai,
  openAiShape,
  readOpenAiRequest,
  readOpenAiResponse,
  renderOpenAiError,
} from '../openai/index.ts';

export const custom: ProviderCodec = {
  provider: 'custom',
  genAiName: 'custom',
  system: 'custom',
  priceId: 'custom',
  operation: (method, path) => openai.operation(method, path),
  factsOfPath: () => ({}),
  readRequest: readOpenAiRequest,
  responseShape: openAiShape,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
