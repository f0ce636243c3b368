/** The registry of chat codecs: adding one is a folder and a line here. */
import { anthropicMessages } from './anthropic/index.ts';
import type { ChatApi, ChatCodec } from './codec.ts';
import { openAiChat } from './openai/index.ts';

export const chatCodecs: Partial<Record<ChatApi, ChatCodec>> = {
  openai: openAiChat,
  anthropic: anthropicMessages,
};

export type { CallTranslation, TranslatedRequest } from './call-translation.ts';
export { framings } from './framing/index.ts';
export { StreamAnswer } from './stream-answer.ts';
export { translateRequest } from './translate-request.ts';
export { translateAnswer, translateError } from './whole-answer.ts';
