/** Google's Gemini API: generateContent, streamGenerateContent (SSE and JSON array), countTokens. Pure. */
import { chooseTool, computeAnswer, countTokens, idOf, type Answer, type ToolCall } from './answer.ts';
import {
  jsonReply,
  renderEvent,
  streamReply,
  type ProviderCodec,
  type ProviderReply,
  type ProviderRequest,
} from './exchange.ts';
import { asArray, asCount, asObject, asObjects, asString, contentText, type JsonObject } from './json.ts';

const statusNames: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

function failure(code: number, message: string, details?: readonly object[]): ProviderReply {
  const status = statusNames[code] ?? 'UNKNOWN';
  return jsonReply(code, { error: { code, message, status, ...(details === undefined ? {} : { details }) } });
}

interface Turn {
  readonly seed: string;
  readonly model: string;
  readonly answer: Answer;
  readonly call: ToolCall | undefined;
}

function usage(input: number, output: number): JsonObject {
  return {
    promptTokenCount: input,
    candidatesTokenCount: output,
    totalTokenCount: input + output,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
  };
}

function chunk(turn: Turn, part: JsonObject, output: number, last: boolean): JsonObject {
  const finish = last
    ? { finishReason: turn.answer.truncated && turn.call === undefined ? 'MAX_TOKENS' : 'STOP' }
    : {};
  return {
    candidates: [{ content: { parts: [part], role: 'model' }, ...finish, index: 0 }],
    usageMetadata: usage(turn.answer.inputTokens, output),
    modelVersion: turn.model,
    responseId: idOf('', turn.seed),
  };
}

/** A whole answer is the stream's single chunk. Counts are cumulative, so the last chunk's are the answer's. */
function chunks(turn: Turn, streamed: boolean): readonly JsonObject[] {
  const { call, answer } = turn;
  if (call !== undefined) {
    const output = countTokens(JSON.stringify(call));
    return [chunk(turn, { functionCall: { name: call.name, args: call.arguments } }, output, true)];
  }
  if (!streamed || answer.pieces.length === 0)
    return [chunk(turn, { text: answer.text }, answer.outputTokens, true)];
  const end = answer.pieces.length;
  return answer.pieces.map((text, index) => chunk(turn, { text }, index + 1, index + 1 === end));
}

/** Without alt=sse the stream is one JSON array, an element a chunk. */
function arrayStream(values: readonly JsonObject[]): ProviderReply {
  const rendered = values.map((value, index) => `${index === 0 ? '[' : ',\r\n'}${JSON.stringify(value)}`);
  return { status: 200, contentType: 'application/json; charset=UTF-8', chunks: [...rendered, ']'] };
}

function callOf(body: JsonObject, contents: readonly JsonObject[], last: string): ToolCall | undefined {
  const answered = asArray(contents.at(-1)?.['parts']).some(
    (part) => 'functionResponse' in (asObject(part) ?? {}),
  );
  const mode = asObject(asObject(body['toolConfig'])?.['functionCallingConfig'])?.['mode'];
  if (mode === 'NONE' || answered) return undefined;
  const declarations = asArray(body['tools']).flatMap((tool) =>
    asArray(asObject(tool)?.['functionDeclarations']),
  );
  const tools = declarations.flatMap((declaration) => {
    const name = asString(asObject(declaration)?.['name']);
    return name === undefined ? [] : [{ name, schema: asObject(declaration)?.['parameters'] }];
  });
  return chooseTool(tools, last, mode === 'ANY');
}

function parseTurn(request: ProviderRequest, model: string): Turn | ProviderReply {
  const body = asObject(request.json);
  if (body === undefined) return failure(400, 'Invalid JSON payload received.');
  if (!/^(gemini|gemma)-/.test(model))
    return failure(404, `models/${model.slice(0, 100)} is not found for API version v1beta.`);
  const contents = asObjects(body['contents']);
  if (contents.length === 0)
    return failure(400, '* GenerateContentRequest.contents: contents is not specified\n');
  const last = contentText(
    contents.findLast((content) => (content['role'] ?? 'user') === 'user')?.['parts'] ?? [],
  );
  const system = contentText(asObject(body['systemInstruction'])?.['parts'] ?? []);
  const text = [system, ...contents.map((content) => contentText(content['parts'] ?? []))].join('\n');
  const maxTokens = asCount(asObject(body['generationConfig'])?.['maxOutputTokens']);
  return {
    seed: request.seed,
    model,
    answer: computeAnswer({ text, last, maxTokens }),
    call: callOf(body, contents, last),
  };
}

function answerOperation(request: ProviderRequest, model: string, operation: string): ProviderReply {
  const turn = parseTurn(request, model);
  if ('status' in turn) return turn;
  if (operation === 'countTokens') return jsonReply(200, { totalTokens: turn.answer.inputTokens });
  if (operation === 'generateContent') return jsonReply(200, chunks(turn, false)[0]);
  const values = chunks(turn, true);
  return request.query.get('alt') === 'sse'
    ? streamReply(values.map((value) => renderEvent(value)))
    : arrayStream(values);
}

export const googleCodec: ProviderCodec = {
  hosts: ['generativelanguage.googleapis.com'],
  presentedKey: ({ headers, query }) => headers['x-goog-api-key'] ?? query.get('key') ?? undefined,
  // Google answers a wrong key with 400 and an absent one with 403; neither is 401.
  refuseKey: (_request, presented) =>
    presented === undefined
      ? failure(
          403,
          "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity.",
        )
      : failure(400, 'API key not valid. Please pass a valid API key.', [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'API_KEY_INVALID',
            domain: 'googleapis.com',
            metadata: { service: 'generativelanguage.googleapis.com' },
          },
        ]),
  fail: (status, message) => failure(status, message),
  answer(request) {
    const pattern = /^\/v1(?:beta)?\/models\/([^/:]+):(generateContent|streamGenerateContent|countTokens)$/;
    const [, model, operation] = pattern.exec(request.path) ?? [];
    if (request.method !== 'POST' || model === undefined || operation === undefined)
      return failure(404, 'Not found.');
    return answerOperation(request, model, operation);
  },
};
