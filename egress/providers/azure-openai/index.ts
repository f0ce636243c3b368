/** Azure OpenAI: OpenAI's bodies under deployment paths; the deployment stands for the model. */
import type { ProviderCodec } from '../codec.ts';
import { openAiShape, readOpenAiRequest, readOpenAiResponse, renderOpenAiError } from '../openai/index.ts';

const deploymentPath = /^\/openai\/deployments\/([^/]+)\/(chat\/completions|completions|embeddings)$/;
const operations: Readonly<Record<string, string>> = {
  'chat/completions': 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
};

export const azureOpenai: ProviderCodec = {
  provider: 'azure-openai',
  genAiName: 'azure.ai.openai',
  system: 'az.ai.openai',
  priceId: 'azure',
  operation: (method, path) => {
    if (method !== 'POST') return undefined;
    if (path === '/openai/responses' || path === '/openai/v1/responses') return 'chat';
    return operations[deploymentPath.exec(path)?.[2] ?? ''];
  },
  factsOfPath: (path) => {
    const deployment = deploymentPath.exec(path)?.[1];
    return deployment === undefined ? {} : { model: deployment.slice(0, 200) };
  },
  readRequest: (body, facts) => {
    const model = facts.model;
    readOpenAiRequest(body, facts);
    // The path decides what Azure runs; a `model` in the body is ignored by it.
    if (model !== undefined) facts.model = model;
  },
  responseShape: openAiShape,
  readResponse: readOpenAiResponse,
  renderError: renderOpenAiError,
};
