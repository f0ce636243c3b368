import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';
import { live } from './life.js';

const openai = createOpenAI({ apiKey: 'placeholder' });

await live(async (question) => {
  const { text } = await generateText({ model: openai('gpt-4o-mini'), prompt: question });
  return text;
});
