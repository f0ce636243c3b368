/** The `openai` package's Responses API. */
import OpenAI from 'openai';
import type {
  Response,
  ResponseCreateParamsNonStreaming,
  ResponseInput,
} from 'openai/resources/responses/responses';
import type { SdkAsk } from '../sdk-ask.ts';
import { serve, toolNames, toolSchema, type Progress } from './serve.ts';

const client = new OpenAI({ apiKey: 'placeholder' });

interface Body extends ResponseCreateParamsNonStreaming {
  input: ResponseInput;
}

function bodyOf(ask: SdkAsk): Body {
  const { image, schema, system } = ask;
  const tools = toolNames(ask).map((name) => ({
    type: 'function' as const,
    name,
    parameters: toolSchema,
    strict: false,
  }));
  const picture =
    image === undefined
      ? []
      : [
          {
            type: 'input_image' as const,
            image_url: `data:image/png;base64,${image}`,
            detail: 'auto' as const,
          },
        ];
  return {
    model: ask.model,
    input: [{ role: 'user', content: [{ type: 'input_text', text: ask.prompt }, ...picture] }],
    ...(system === undefined ? {} : { instructions: system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(schema === undefined
      ? {}
      : { text: { format: { type: 'json_schema', name: 'answer', schema, strict: true } } }),
  };
}

async function once(ask: SdkAsk, body: Body, progress: Progress): Promise<Response> {
  const options = { maxRetries: ask.retries ?? 0 };
  if (ask.stream !== true) return client.responses.create(body, options);
  const stream = client.responses.stream({ ...body, stream: true }, options);
  let pieces = 0;
  stream.on('response.output_text.delta', ({ delta }) => {
    progress.text += delta;
    pieces += 1;
    if (pieces === ask.abortAfter) stream.abort();
  });
  return stream.finalResponse();
}

serve(async (ask, progress) => {
  const body = bodyOf(ask);
  for (;;) {
    progress.text = '';
    const response = await once(ask, body, progress);
    if (response.error) throw new Error(response.error.message);
    progress.text = response.output_text;
    const { usage } = response;
    progress.usage = usage && { input: usage.input_tokens, output: usage.output_tokens };
    const calls = response.output.filter((item) => item.type === 'function_call');
    if (calls.length === 0) return;
    for (const item of response.output) body.input.push(item as ResponseInput[number]);
    for (const { name, call_id, arguments: given } of calls) {
      progress.calls.push({ name, arguments: JSON.parse(given) as unknown });
      body.input.push({ type: 'function_call_output', call_id, output: ask.outputs?.[name] ?? 'none' });
    }
  }
});
