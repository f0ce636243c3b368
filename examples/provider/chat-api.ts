/** The way of every chat API through the stand-in: read, answer, write, with the troubles that the prompt asks for. Pure. */
import { computeAnswer, type Answer } from './answer.ts';
import type { Ask } from './ask.ts';
import { jsonReply, type Pace, type ProviderReply, type ProviderRequest } from './exchange.ts';
import { streamReply, type Framing, type StreamEvent } from './framing.ts';
import type { JsonObject } from './json.ts';
import type { ScriptedFailure, Step } from './script/index.ts';

/** What an answer is written with. */
export interface Turn {
  readonly request: ProviderRequest;
  readonly ask: Ask;
  readonly answer: Answer;
}

export interface ChatApi {
  /** The request understood, or the vendor's refusal of it. */
  read(request: ProviderRequest): Ask | ProviderReply;
  plain(turn: Turn): JsonObject;
  events(turn: Turn): readonly StreamEvent[];
  framing(request: ProviderRequest): Framing;
  fail(status: number, message: string, request: ProviderRequest): ProviderReply;
  /** An error in the middle of a stream, whose head said 200. */
  streamError(status: number, message: string, turn: Turn): readonly StreamEvent[];
}

const messages: Readonly<Record<number, string>> = {
  429: 'Rate limit reached. Please try again later.',
  500: 'The server had an error while processing your request.',
  503: 'The service is currently overloaded.',
  529: 'Overloaded',
};

export function messageOf(status: number): string {
  return messages[status] ?? 'The stand-in was told to fail.';
}

function failed(
  api: ChatApi,
  request: ProviderRequest,
  { status, retryAfter }: ScriptedFailure,
): ProviderReply {
  const reply = api.fail(status, messageOf(status), request);
  return retryAfter === undefined
    ? reply
    : { ...reply, headers: { ...reply.headers, 'retry-after': String(retryAfter) } };
}

function paceOf({ waitMs, pauseMs, cutAfter }: Step): Pace {
  return {
    ...(waitMs === undefined ? {} : { delayMs: waitMs }),
    ...(pauseMs === undefined ? {} : { chunkDelayMs: pauseMs }),
    ...(cutAfter === undefined ? {} : { abortAfterChunks: cutAfter }),
  };
}

/** The events up to and with the n-th piece, then the error. */
function broken(api: ChatApi, turn: Turn, events: readonly StreamEvent[]): readonly StreamEvent[] {
  const { breakAfter } = turn.answer.step;
  if (breakAfter === undefined) return events;
  let left = breakAfter.pieces;
  const end = events.findIndex((event) => event.isPiece === true && (left -= 1) < 0);
  const error = api.streamError(breakAfter.status, messageOf(breakAfter.status), turn);
  return [...events.slice(0, end < 0 ? events.length : end), ...error];
}

function streamed(api: ChatApi, turn: Turn): ProviderReply {
  const { styles } = turn.answer.step;
  return streamReply(api.framing(turn.request), broken(api, turn, api.events(turn)), styles);
}

export function answerChat(api: ChatApi, request: ProviderRequest): ProviderReply {
  const ask = api.read(request);
  if ('status' in ask) return ask;
  const answer = computeAnswer(ask, request.seed);
  const { step } = answer;
  if (step.fail !== undefined && request.repeated < step.fail.times) return failed(api, request, step.fail);
  const turn: Turn = { request, ask, answer };
  const reply = ask.stream ? streamed(api, turn) : jsonReply(200, api.plain(turn));
  const isTold = step.breakAfter === undefined && step.cutAfter === undefined;
  return { ...reply, pace: paceOf(step), ...(isTold ? { told: answer.usage } : {}) };
}
