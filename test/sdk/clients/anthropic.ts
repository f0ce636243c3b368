/** The `@anthropic-ai/sdk` package's messages. */
import Anthropic from '@anthropic-ai/sdk';
import type { SdkAsk } from '../sdk-ask.ts';
import { serve, toolNames, toolSchema, type Progress } from './serve.ts';

const client = new Anthropic({ apiKey: 'placeholder' });

type Body = Anthropic.MessageCreateParamsNonStreaming;

function bodyOf(ask: SdkAsk): Body {
  const { image, schema, system } = ask;
  const tools = toolNames(ask).map((name) => ({
    name,
    input_schema: { ...toolSchema, required: [...toolSchema.required] },
  }));
  const picture: Anthropic.ContentBlockParam[] =
    image === undefined
      ? []
      : [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }];
  return {
    model: ask.model,
    max_tokens: 1000,
    messages: [{ role: 'user', content: [{ type: 'text', text: ask.prompt }, ...picture] }],
    ...(system === undefined ? {} : { system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(schema === undefined ? {} : { output_config: { format: { type: 'json_schema', schema } } }),
  };
}

async function once(ask: SdkAsk, body: Body, progress: Progress): Promise<Anthropic.Message> {
  const options = { maxRetries: ask.retries ?? 0 };
  if (ask.stream !== true) return client.messages.create(body, options);
  const stream = client.messages.stream(body, options);
  let pieces = 0;
  stream.on('text', (delta) => {
    progress.text += delta;
    pieces += 1;
    if (pieces === ask.abortAfter) stream.abort();
  });
  return stream.finalMessage();
}

serve(async (ask, progress) => {
  const body = bodyOf(ask);
  for (;;) {
    progress.text = '';
    const { content, usage } = await once(ask, body, progress);
    progress.text = content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
    progress.usage = { input: usage.input_tokens + cached, output: usage.output_tokens };
    const calls = content.filter((block) => block.type === 'tool_use');
    if (calls.length === 0) return;
    const results: Anthropic.ToolResultBlockParam[] = calls.map(({ id, name }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: ask.outputs?.[name] ?? 'none',
    }));
    progress.calls.push(...calls.map(({ name, input }) => ({ name, arguments: input })));
    body.messages.push({ role: 'assistant', content }, { role: 'user', content: results });
  }
});
