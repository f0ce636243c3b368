/** The registry of chat codecs: adding one is a folder and a line here. */
import { anthropicMessages } from './anthropic/index.ts';
import { bedrockConverse } from './bedrock/index.ts';
import type { ChatApi, ChatCodec } from './codec.ts';
import { googleGenerateContent } from './google/index.ts';
import { openAiChat } from './openai/index.ts';
import { openAiResponses } from './openai-responses/index.ts';

export const chatCodecs: Readonly<Record<ChatApi, ChatCodec>> = {
  openai: openAiChat,
  'openai-responses': openAiResponses,
  anthropic: anthropicMessages,
  google: googleGenerateContent,
  'bedrock-converse': bedrockConverse,
};

export type { CallTranslation, TranslatedRequest } from './call-translation.ts';
export { framings } from './framing/index.ts';
export { StreamAnswer } from './stream-answer.ts';
export { countValues, maxTranslatedBytes, maxTranslatedValues, tooLarge } from './size.ts';
export { translateRequest } from './translate-request.ts';
export { translateAnswer, translateError } from './whole-answer.ts';
