/**
 * What an upstream says in a WebSocket, read in passing: of each text message what tells of a response and what it used. Nothing of a
 * message is kept but that, whatever its size, and the bytes go on as they come. Sans-io.
 */
import { asObject, type JsonObject } from '../providers/index.ts';
import { JsonPicker } from '../providers/json-picker.ts';
import { openAiEventShape } from '../providers/openai/index.ts';
import { FrameReader } from './frame-reader.ts';

export interface ServerEvent {
  readonly type: string;
  readonly object: JsonObject;
  /** Of the response it tells of. */
  readonly responseId: string | undefined;
}

function eventOf(object: JsonObject): ServerEvent | undefined {
  const { type } = object;
  if (typeof type !== 'string') return undefined;
  const id = asObject(object['response'])?.['id'];
  return { type, object, responseId: typeof id === 'string' ? id : undefined };
}

export class ServerMessages {
  readonly #reader: FrameReader;
  #ends: number[] = [];

  constructor(onEvent: (event: ServerEvent) => void) {
    const picker = new JsonPicker(openAiEventShape, (object) => {
      const event = eventOf(object);
      if (event !== undefined) onEvent(event);
    });
    let isText = false;
    this.#reader = new FrameReader({
      control: () => undefined,
      start: (text) => {
        isText = text;
      },
      data: (bytes) => {
        if (isText) picker.push(bytes);
      },
      end: (at) => {
        if (isText) void picker.end();
        this.#ends.push(at);
      },
    });
  }

  /** Where in the chunk messages end. */
  push(chunk: Buffer): readonly number[] {
    this.#ends = [];
    this.#reader.push(chunk);
    return this.#ends;
  }

  /** So many have ended in the chunk that is being read. */
  get ended(): number {
    return this.#ends.length;
  }

  /** Something else may be said here. */
  get isBetween(): boolean {
    return this.#reader.isBetween;
  }
}
