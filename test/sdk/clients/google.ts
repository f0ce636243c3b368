/** The `@google/genai` package's generateContent. */
import { GoogleGenAI, type Content, type GenerateContentParameters, type Part } from '@google/genai';
import type { SdkAsk } from '../sdk-ask.ts';
import { serve, toolNames, toolSchema, type Progress } from './serve.ts';

interface Body extends GenerateContentParameters {
  contents: Content[];
}

function bodyOf(ask: SdkAsk): Body {
  const { image, schema, system } = ask;
  const functionDeclarations = toolNames(ask).map((name) => ({ name, parametersJsonSchema: toolSchema }));
  const picture = image === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: image } }];
  return {
    model: ask.model,
    contents: [{ role: 'user', parts: [{ text: ask.prompt }, ...picture] }],
    config: {
      ...(system === undefined ? {} : { systemInstruction: system }),
      ...(functionDeclarations.length === 0 ? {} : { tools: [{ functionDeclarations }] }),
      ...(schema === undefined ? {} : { responseMimeType: 'application/json', responseJsonSchema: schema }),
    },
  };
}

interface Answer {
  readonly parts: readonly Part[];
  readonly usage: Progress['usage'];
}

type Usage = { promptTokenCount?: number; candidatesTokenCount?: number; thoughtsTokenCount?: number };

function totals(usage: Usage | undefined): Progress['usage'] {
  const { promptTokenCount = 0, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = usage ?? {};
  return usage && { input: promptTokenCount, output: candidatesTokenCount + thoughtsTokenCount };
}

async function streamed(client: GoogleGenAI, ask: SdkAsk, body: Body, progress: Progress): Promise<Answer> {
  const abort = new AbortController();
  const config = { ...body.config, abortSignal: abort.signal };
  const parts: Part[] = [];
  let usage: Progress['usage'];
  let pieces = 0;
  for await (const chunk of await client.models.generateContentStream({ ...body, config })) {
    const given = chunk.candidates?.[0]?.content?.parts ?? [];
    parts.push(...given);
    progress.text += given.map(({ text }) => text ?? '').join('');
    usage = totals(chunk.usageMetadata) ?? usage;
    pieces += 1;
    if (pieces === ask.abortAfter) abort.abort();
  }
  return { parts, usage };
}

async function once(ask: SdkAsk, body: Body, progress: Progress): Promise<Answer> {
  const retryOptions = { attempts: 1 + (ask.retries ?? 0), initialDelayMs: 10 };
  const client = new GoogleGenAI({ apiKey: 'placeholder', httpOptions: { retryOptions } });
  if (ask.stream === true) return streamed(client, ask, body, progress);
  const answer = await client.models.generateContent(body);
  return { parts: answer.candidates?.[0]?.content?.parts ?? [], usage: totals(answer.usageMetadata) };
}

serve(async (ask, progress) => {
  const body = bodyOf(ask);
  for (;;) {
    progress.text = '';
    const { parts, usage } = await once(ask, body, progress);
    progress.text = parts.map(({ text, thought }) => (thought === true ? '' : (text ?? ''))).join('');
    progress.usage = usage;
    const calls = parts.flatMap(({ functionCall }) => functionCall ?? []);
    if (calls.length === 0) return;
    progress.calls.push(...calls.map(({ name = '', args }) => ({ name, arguments: args })));
    const results = calls.map(({ id, name = '' }) => ({
      functionResponse: {
        ...(id === undefined ? {} : { id }),
        name,
        response: { output: ask.outputs?.[name] ?? 'none' },
      },
    }));
    body.contents.push({ role: 'model', parts: [...parts] }, { role: 'user', parts: results });
  }
});
