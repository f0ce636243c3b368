/**
 * Whose bodies a call has: providers offer each other's APIs (Google and Anthropic have OpenAI's chat completions, Azure and
 * Bedrock have both). Pure. Apart because the host says who serves and is paid, the operation says how bodies are to be read.
 */
import type { ApiShape } from '../../decision/index.ts';
import type { ProviderCodec } from './codec.ts';

/** Those that others offer too. */
export type Api = 'openai' | 'anthropic';

const apis: Readonly<Record<ApiShape, Api | undefined>> = {
  openai: 'openai',
  'openai-responses': 'openai',
  anthropic: 'anthropic',
  google: undefined,
  'bedrock-converse': undefined,
  'bedrock-invoke': undefined,
};

/** undefined: one that only its own host has. */
export function apiOf(shape: ApiShape): Api | undefined {
  return apis[shape];
}

/** Bodies and errors of `spoken`, paid to and named as `host`. */
export function speak(host: ProviderCodec, spoken: ProviderCodec): ProviderCodec {
  return {
    provider: host.provider,
    genAiName: host.genAiName,
    system: host.system,
    priceId: host.priceId,
    responseShape: spoken.responseShape,
    readResponse: (body, facts) => spoken.readResponse(body, facts),
    renderError: (status, code, message) => spoken.renderError(status, code, message),
  };
}
