/** The `openai` package's chat completions. `AZURE`: its Azure class, with deployments. */
import OpenAI, { AzureOpenAI } from 'openai';
import type { ChatCompletion, ChatCompletionCreateParamsNonStreaming } from 'openai/resources';
import type { SdkAsk } from '../sdk-ask.ts';
import { serve, toolNames, toolSchema, type Progress } from './serve.ts';

type Body = ChatCompletionCreateParamsNonStreaming;

const azure = process.env['AZURE_OPENAI_ENDPOINT'];
const client =
  azure === undefined
    ? new OpenAI({ apiKey: 'placeholder' })
    : new AzureOpenAI({ endpoint: azure, apiKey: 'placeholder', apiVersion: '2024-10-21' });

function bodyOf(ask: SdkAsk): Body {
  const { image, schema, system } = ask;
  const tools = toolNames(ask).map((name) => ({
    type: 'function' as const,
    function: { name, parameters: toolSchema },
  }));
  const content =
    image === undefined
      ? ask.prompt
      : [
          { type: 'text' as const, text: ask.prompt },
          { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${image}` } },
        ];
  return {
    model: ask.model,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user', content },
    ],
    ...(tools.length === 0 ? {} : { tools }),
    ...(schema === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } }),
  };
}

async function once(ask: SdkAsk, body: Body, progress: Progress): Promise<ChatCompletion> {
  const options = { maxRetries: ask.retries ?? 0 };
  if (ask.stream !== true) return client.chat.completions.create(body, options);
  const stream = client.chat.completions.stream(
    { ...body, stream: true, stream_options: { include_usage: true } },
    options,
  );
  let pieces = 0;
  stream.on('content', (delta) => {
    progress.text += delta;
    pieces += 1;
    if (pieces === ask.abortAfter) stream.abort();
  });
  return stream.finalChatCompletion();
}

serve(async (ask, progress) => {
  const body = bodyOf(ask);
  for (;;) {
    progress.text = '';
    const completion = await once(ask, body, progress);
    const message = completion.choices[0]?.message;
    progress.text = message?.content ?? '';
    const { usage } = completion;
    progress.usage = usage && { input: usage.prompt_tokens, output: usage.completion_tokens };
    const calls = message?.tool_calls ?? [];
    if (message === undefined || calls.length === 0) return;
    body.messages.push(message);
    for (const call of calls) {
      if (call.type !== 'function') throw new Error(`a call of type ${call.type}`);
      const { name, arguments: given } = call.function;
      progress.calls.push({ name, arguments: JSON.parse(given) as unknown });
      body.messages.push({ role: 'tool', tool_call_id: call.id, content: ask.outputs?.[name] ?? 'none' });
    }
  }
});
