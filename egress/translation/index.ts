/** The registry of chat codecs: adding one is a folder and a line here. */
import type { Operation } from '../../decision/index.ts';
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

/** Of a chat call; undefined: it is none, or its API is not translated. */
export function chatCodecOf(operation: Operation | undefined): ChatCodec | undefined {
  const isChat = operation?.name === 'chat' || operation?.name === 'generate_content';
  return isChat && operation.shape !== 'bedrock-invoke' ? chatCodecs[operation.shape] : undefined;
}

export type { ChatCodec } from './codec.ts';
export { parseObject as parseEvent } from './json.ts';
export { OutputMeter, spentEvent } from './output-meter.ts';
export type { CallTranslation, TranslatedRequest } from './call-translation.ts';
export { framings } from './framing/index.ts';
export { StreamAnswer } from './stream-answer.ts';
export { countValues, maxTranslatedBytes, maxTranslatedValues, tooLarge } from './size.ts';
export { translateRequest } from './translate-request.ts';
export { translateAnswer, translateError } from './whole-answer.ts';
