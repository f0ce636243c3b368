/**
 * OpenAI's Responses API over a WebSocket (developers.openai.com, "WebSocket mode"): many responses in one socket, one at a time, each
 * asked for by `response.create` with the members of the HTTP request; what one leaves behind, the next goes on from. Pure.
 */
import { answerChat } from '../chat-api.ts';
import type { ProviderReply, ProviderRequest } from '../exchange.ts';
import { asObject, asObjects, asString, type JsonObject } from '../json.ts';
import { errorObject } from './error.ts';
import { responsesApi } from './responses.ts';

/** Makes the request that the event stands for. */
export type MakeRequest = (body: JsonObject) => ProviderRequest;

export interface SocketAnswer {
  readonly events: readonly string[];
  /** undefined: it was no request. */
  readonly asked: ProviderRequest | undefined;
  readonly reply: ProviderReply | undefined;
}

function errorEvent(status: number, error: JsonObject): string {
  return JSON.stringify({ type: 'error', status, ...error });
}

function refused(status: number, message: string, param: string | null, code: string | null): SocketAnswer {
  const events = [errorEvent(status, errorObject(status, message, param, code))];
  return { events, asked: undefined, reply: undefined };
}

/** The events of a stream, one message each. */
function eventsOf({ chunks }: ProviderReply): string[] {
  const text = chunks.map((chunk) => Buffer.from(chunk).toString('utf8')).join('');
  return text.split('\n\n').flatMap((event) => {
    const data = event.split('\n').filter((line) => line.startsWith('data: '));
    return data.length === 0 ? [] : [data.map((line) => line.slice('data: '.length)).join('\n')];
  });
}

const itemsOf = (input: unknown): readonly JsonObject[] =>
  typeof input === 'string' ? [{ role: 'user', content: input }] : asObjects(input);

export class ResponsesSocket {
  readonly #make: MakeRequest;
  /** What was said until a response and with it, by its id. */
  readonly #kept = new Map<string, readonly JsonObject[]>();

  constructor(make: MakeRequest) {
    this.#make = make;
  }

  message(text: string): SocketAnswer {
    const event = parse(text);
    if (event === undefined) return refused(400, 'The message is not valid JSON.', null, 'invalid_json');
    const { type, ...body } = event;
    if (type !== 'response.create')
      return refused(400, `Invalid value: '${String(type)}'.`, 'type', 'invalid_value');
    const previous = asString(body['previous_response_id']);
    const before = previous === undefined ? [] : this.#kept.get(previous);
    if (before === undefined) {
      const message = `Previous response with id '${previous ?? ''}' not found.`;
      return refused(400, message, 'previous_response_id', 'previous_response_not_found');
    }
    const { previous_response_id: _known, generate: _generates, ...members } = body;
    const input = [...before, ...itemsOf(body['input'])];
    const asked = this.#make({ ...members, input, stream: true });
    const reply = answerChat(responsesApi, asked);
    if (reply.status !== 200) {
      const error = asObject(parse(String(reply.chunks[0]))) ?? {};
      return { events: [errorEvent(reply.status, error)], asked, reply };
    }
    const events = eventsOf(reply);
    this.#keep(events.at(-1), input);
    return { events, asked, reply };
  }

  #keep(last: string | undefined, input: readonly JsonObject[]): void {
    const response = asObject(parse(last ?? '')?.['response']);
    const id = asString(response?.['id']);
    if (id !== undefined) this.#kept.set(id, [...input, ...asObjects(response?.['output'])]);
  }
}

function parse(text: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}
