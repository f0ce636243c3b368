/** Google's generateContent and streamGenerateContent, as server-sent events or as one JSON array. Pure. */
import type { Answer, Part } from '../answer.ts';
import type { ChatApi, Turn } from '../chat-api.ts';
import type { StreamEvent } from '../framing.ts';
import type { JsonObject } from '../json.ts';
import { idOf } from '../tokens.ts';
import { errorObject, googleError } from './error.ts';
import { readGenerate } from './request.ts';

const finishReasons = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'stop-sequence': 'STOP',
  calls: 'STOP',
  refusal: 'SAFETY',
} as const;

/** Thinking is told beside the candidates' tokens; cached ones are in the prompt's. `said`: tokens of the pieces so far. */
function usageOf({ usage }: Answer, said: number): JsonObject {
  const { input, cached, reasoning } = usage;
  return {
    promptTokenCount: input,
    ...(said === 0 ? {} : { candidatesTokenCount: said }),
    totalTokenCount: input + said + reasoning,
    ...(cached === 0 ? {} : { cachedContentTokenCount: cached }),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
    ...(reasoning === 0 ? {} : { thoughtsTokenCount: reasoning }),
  };
}

function chunk(turn: Turn, parts: readonly JsonObject[], end: JsonObject): JsonObject {
  const content = { ...(parts.length === 0 ? {} : { parts }), role: 'model' };
  return {
    candidates: [{ content, ...end, index: 0 }],
    modelVersion: turn.ask.model,
    responseId: idOf('', turn.request.seed),
  };
}

function partsOf(part: Part): readonly JsonObject[] {
  switch (part.kind) {
    case 'thought':
      return [{ text: part.text, thought: true }];
    case 'call':
      return [{ functionCall: { name: part.name, args: part.arguments }, thoughtSignature: part.signature }];
    case 'text':
      return part.pieces.map((text) => ({ text }));
    // What is refused is not said.
    case 'refusal':
      return [];
  }
}

function endOf({ finish }: Answer): JsonObject {
  return { finishReason: finishReasons[finish] };
}

function plain(turn: Turn): JsonObject {
  const { answer } = turn;
  const parts = answer.parts.flatMap((part) =>
    part.kind === 'text' ? [{ text: part.text }] : partsOf(part),
  );
  const { output, reasoning } = answer.usage;
  return {
    ...chunk(turn, parts, endOf(answer)),
    usageMetadata: usageOf(answer, output - reasoning),
  };
}

/** Counts are of the answer so far, so that the last chunk's are the answer's. */
function events(turn: Turn): readonly StreamEvent[] {
  const { answer } = turn;
  const parts = answer.parts.flatMap(partsOf);
  const isLate = answer.step.styles.includes('late usage');
  const whole = answer.usage.output - answer.usage.reasoning;
  const chunks = parts.map((part, index) => {
    const isLast = index + 1 === parts.length;
    const said = isLast ? whole : Math.min(index + 1, whole);
    const usage = isLate ? {} : { usageMetadata: usageOf(answer, said) };
    return { data: { ...chunk(turn, [part], isLast ? endOf(answer) : {}), ...usage }, isPiece: true };
  });
  const last = { ...chunk(turn, [], endOf(answer)), usageMetadata: usageOf(answer, whole) };
  return isLate || parts.length === 0 ? [...chunks, { data: last }] : chunks;
}

export function generateApi(model: string, isStream: boolean): ChatApi {
  return {
    read: (request) => readGenerate(request, model, isStream),
    plain,
    events,
    framing: ({ query }) => (query.get('alt') === 'sse' ? 'sse' : 'json-array'),
    fail: (status, message) => googleError(status, message),
    streamError: (status, message) => [{ data: errorObject(status, message), isError: true }],
  };
}
