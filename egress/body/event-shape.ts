/**
 * A message of a client to OpenAI's Responses API over a WebSocket: what decides of a request body decides here too, and beside it what
 * the event is. Pure.
 */
import type { BodyRead, BodyResult } from './body-result.ts';
import { JsonBodyReader, type JsonShape } from './json-body-reader.ts';
import type { JsonValue } from './json-scanner.ts';
import { ModelShape } from './model-shape.ts';
import { unreadable, type Unreadable } from './unreadable.ts';
import { foldName, wantPresence, wantScalar, type Wanted } from './wanted.ts';

export interface EventRead extends BodyRead {
  readonly type: string | undefined;
  /** It has a member `response`. */
  readonly wraps: boolean;
  /** Of several conversations in one socket, which. */
  readonly streamId: string | undefined;
  /** What the server keeps and reads again. */
  readonly previousId: string | undefined;
}

const own: Readonly<Record<string, Wanted>> = {
  type: wantScalar('event.type'),
  response: wantPresence('event.response'),
  stream_id: wantScalar('event.streamId'),
  previous_response_id: wantScalar('event.previousId'),
};

function joined(model: Wanted): Wanted {
  const named = new Map([...(model.members?.named ?? []), ...Object.entries(own)]);
  return { ...model, members: { named, folded: new Set([...named.keys()].map(foldName)) } };
}

const wanted = joined(new ModelShape().wanted);
const badText = unreadable('BODY_AMBIGUOUS', '`type`, `stream_id` and `previous_response_id` are texts');

class EventShape implements JsonShape {
  readonly wanted = wanted;
  readonly #model = new ModelShape();
  readonly #texts = new Map<string, string>();
  wraps = false;

  value(value: JsonValue): Unreadable | undefined {
    if (!value.key.startsWith('event.')) return this.#model.value(value);
    if (value.key === 'event.response') this.wraps = true;
    else if (typeof value.value === 'string') this.#texts.set(value.key, value.value);
    else if (value.value !== null) return badText;
    return undefined;
  }

  text(name: string): string | undefined {
    return this.#texts.get(`event.${name}`);
  }

  result(): BodyResult {
    return this.#model.result();
  }
}

/** One message, read as its bytes come. */
export class EventReader {
  readonly #shape = new EventShape();
  readonly #reader = new JsonBodyReader(this.#shape);

  push(bytes: Buffer): Unreadable | undefined {
    return this.#reader.push(bytes);
  }

  end(): EventRead | Unreadable {
    const result = this.#reader.end();
    if (result.kind === 'unreadable') return result;
    const { wraps } = this.#shape;
    const text = (name: string): string | undefined => this.#shape.text(name);
    return {
      ...result,
      type: text('type'),
      wraps,
      streamId: text('streamId'),
      previousId: text('previousId'),
    };
  }
}
