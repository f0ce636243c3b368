import { ChatOpenAI } from '@langchain/openai';
import { live } from './life.js';

const model = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'placeholder' });

await live(async (question) => {
  const { text } = await model.invoke(question);
  return text;
});
