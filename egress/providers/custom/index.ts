/** A provider the operator vouches for: no hosts of its own, OpenAI's shapes where they happen to be spoken. */
import { priceIds } from '../../../decision/index.ts';
import type { ProviderCodec } from '../codec.ts';
import { openAiShape, readOpenAiResponse, renderOpenAiError } from '../openai/index.ts';

export const custom: ProviderCodec = {
  provider: 'custom',
  genAiName: 'custom',
  system: 'custom',
  priceId: priceIds.custom,
  responseShape: openAiShape,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
