/** Azure OpenAI: OpenAI's bodies under deployment paths; the deployment stands for the model. */
import { priceIds } from '../../../decision/index.ts';
import type { ProviderCodec } from '../codec.ts';
import { openAiShape, readOpenAiResponse, renderOpenAiError } from '../openai/index.ts';

export const azureOpenai: ProviderCodec = {
  provider: 'azure-openai',
  genAiName: 'azure.ai.openai',
  system: 'az.ai.openai',
  priceId: priceIds['azure-openai'],
  responseShape: openAiShape,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
