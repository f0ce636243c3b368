/**
 * The hello agent: asks a model with the unmodified `openai` SDK and answers with what it says. It knows nothing of
 * CLRK: it reads its event from stdin, writes its answer to stdout, and calls https://api.openai.com. Its key is a
 * placeholder; the gateway puts the real one in on the way.
 */
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';

interface Event {
  readonly data?: unknown;
  readonly data_base64?: string;
}

/** The question in a CloudEvents envelope: plain text, `{ "prompt": … }`, or whatever JSON came. */
function questionOf(event: Event): string {
  const { data } = event;
  if (typeof data === 'string') return data;
  if (typeof event.data_base64 === 'string') return Buffer.from(event.data_base64, 'base64').toString('utf8');
  if (data === undefined || data === null) return 'Say hello.';
  const { prompt } = data as { readonly prompt?: unknown };
  return typeof prompt === 'string' ? prompt : JSON.stringify(data);
}

const event = JSON.parse(await text(process.stdin)) as Event;
const client = new OpenAI({ apiKey: 'placeholder' });
const completion = await client.chat.completions.create({
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'You are a friendly agent. Answer in one sentence.' },
    { role: 'user', content: questionOf(event) },
  ],
});
process.stdout.write(`${completion.choices[0]?.message.content ?? ''}\n`);
