/** Azure OpenAI: OpenAI's bodies under deployment paths; the deployment stands for the model. */
import type { ProviderCodec } from '../codec.ts';
import { openAiShape, readOpenAiResponse, renderOpenAiError } from '../openai/index.ts';

export const azureOpenai: ProviderCodec = {
  provider: 'azure-openai',
  genAiName: 'azure.ai.openai',
  system: 'az.ai.openai',
  priceId: 'azure',
  responseShape: openAiShape,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
