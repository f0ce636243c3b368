/** The `@aws-sdk/client-bedrock-runtime` package's Converse and ConverseStream. */
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ContentBlock,
  type ConverseCommandInput,
  type Message,
  type TokenUsage,
} from '@aws-sdk/client-bedrock-runtime';
import type { SdkAsk } from '../sdk-ask.ts';
import { serve, toolNames, toolSchema, type Progress } from './serve.ts';

const credentials = { accessKeyId: 'placeholder', secretAccessKey: 'placeholder' };

type Body = ConverseCommandInput & { messages: Message[] };

function formatOf(schema: SdkAsk['schema']): Pick<ConverseCommandInput, 'outputConfig'> {
  if (schema === undefined) return {};
  const jsonSchema = { name: 'answer', schema: JSON.stringify(schema) };
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
}

function bodyOf(ask: SdkAsk): Body {
  const tools = toolNames(ask).map((name) => ({
    toolSpec: { name, inputSchema: { json: { ...toolSchema, required: [...toolSchema.required] } } },
  }));
  const picture: ContentBlock[] =
    ask.image === undefined
      ? []
      : [{ image: { format: 'png', source: { bytes: Buffer.from(ask.image, 'base64') } } }];
  return {
    modelId: ask.model,
    messages: [{ role: 'user', content: [{ text: ask.prompt }, ...picture] }],
    ...(ask.system === undefined ? {} : { system: [{ text: ask.system }] }),
    ...(tools.length === 0 ? {} : { toolConfig: { tools } }),
    ...formatOf(ask.schema),
  };
}

interface Answer {
  readonly content: ContentBlock[];
  readonly usage: TokenUsage | undefined;
}

/** A call being streamed: its input comes as text. */
interface Open {
  toolUseId: string | undefined;
  name: string | undefined;
  input: string;
}

async function streamed(
  client: BedrockRuntimeClient,
  ask: SdkAsk,
  body: Body,
  progress: Progress,
): Promise<Answer> {
  const abort = new AbortController();
  const { stream } = await client.send(new ConverseStreamCommand(body), { abortSignal: abort.signal });
  const calls = new Map<number, Open>();
  let usage: TokenUsage | undefined;
  let pieces = 0;
  for await (const event of stream ?? []) {
    const start = event.contentBlockStart;
    if (start?.start?.toolUse !== undefined)
      calls.set(start.contentBlockIndex ?? 0, {
        toolUseId: start.start.toolUse.toolUseId,
        name: start.start.toolUse.name,
        input: '',
      });
    const { delta, contentBlockIndex = 0 } = event.contentBlockDelta ?? {};
    const open = calls.get(contentBlockIndex);
    if (open !== undefined) open.input += delta?.toolUse?.input ?? '';
    progress.text += delta?.text ?? '';
    pieces += delta?.text === undefined ? 0 : 1;
    usage = event.metadata?.usage ?? usage;
    if (pieces === ask.abortAfter) abort.abort();
  }
  const text = progress.text === '' ? [] : [{ text: progress.text }];
  const made = [...calls.values()].map(({ input, toolUseId, name }) => ({
    toolUse: { toolUseId, name, input: JSON.parse(input === '' ? '{}' : input) as Record<string, string> },
  }));
  return { content: [...text, ...made], usage };
}

async function once(ask: SdkAsk, body: Body, progress: Progress): Promise<Answer> {
  const client = new BedrockRuntimeClient({
    region: 'us-east-1',
    credentials,
    maxAttempts: 1 + (ask.retries ?? 0),
  });
  try {
    if (ask.stream === true) return await streamed(client, ask, body, progress);
    const { output, usage } = await client.send(new ConverseCommand(body));
    return { content: output?.message?.content ?? [], usage };
  } finally {
    client.destroy();
  }
}

function totals(usage: TokenUsage | undefined): Progress['usage'] {
  if (usage === undefined) return undefined;
  const cached = (usage.cacheReadInputTokens ?? 0) + (usage.cacheWriteInputTokens ?? 0);
  return { input: (usage.inputTokens ?? 0) + cached, output: usage.outputTokens ?? 0 };
}

serve(async (ask, progress) => {
  const body = bodyOf(ask);
  for (;;) {
    progress.text = '';
    const { content, usage } = await once(ask, body, progress);
    progress.text = content.map(({ text }) => text ?? '').join('');
    progress.usage = totals(usage);
    const calls = content.flatMap(({ toolUse }) => toolUse ?? []);
    if (calls.length === 0) return;
    progress.calls.push(...calls.map(({ name = '', input }) => ({ name, arguments: input })));
    const results = calls.map(({ toolUseId, name = '' }) => ({
      toolResult: { toolUseId, content: [{ text: ask.outputs?.[name] ?? 'none' }] },
    }));
    body.messages.push({ role: 'assistant', content }, { role: 'user', content: results });
  }
});
