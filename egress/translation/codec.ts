/**
 * What translation must know of one chat API: a reader and a writer of its requests, answers, streams and errors, a folder each.
 * Pure, and linear in its input. Readers are strict: a member they do not know is named in `dropped`, and what would change the
 * meaning of the call if it were left out is refused (`blocked`). They never throw.
 */
import type { JsonObject } from '../providers/index.ts';
import type { FormError, FormEvent, FormRequest, FormResponse } from './form.ts';

/** The APIs that are translated; also the names of operations' shapes (decision/). */
export type ChatApi = 'openai' | 'openai-responses' | 'anthropic' | 'google' | 'bedrock-converse';

export interface Done<T> {
  readonly kind: 'done';
  readonly value: T;
  /** Paths of members that had no counterpart and were left out, such as `messages[].name`; each once, at most 32. */
  readonly dropped: readonly string[];
}

/** It cannot be said in the other API without changing what it means. `what`: the member's path; `why`: rest of a sentence. */
export interface Blocked {
  readonly kind: 'blocked';
  readonly what: string;
  readonly why: string;
}

export type Result<T> = Done<T> | Blocked;

/** A request without its credential. `path` with a leading slash, `query` with a leading `?` or empty. */
export interface WireRequest {
  readonly path: string;
  readonly query: string;
  readonly body: JsonObject;
}

/** What goes to an upstream; `fields` are header fields the API asks for besides content-type (anthropic-version). */
export interface WrittenRequest extends WireRequest {
  readonly fields: ReadonlyArray<readonly [name: string, value: string]>;
}

/** How streams are framed. `json-array`: Google's without alt=sse. */
export type Framing = 'sse' | 'json-array' | 'aws-event-stream';

/** One event of a stream without its framing. `name`: SSE's event field, or AWS's :event-type / :exception-type. */
export interface WireEvent {
  readonly name: string | undefined;
  /** `[DONE]` of OpenAI's streams is no object. */
  readonly data: JsonObject | '[DONE]';
}

export interface StreamReader {
  /** In the order of the wire. After an `end` or `error` event it reads nothing more. */
  read(event: WireEvent): FormEvent[];
  /** The body has ended, whole: what only its end says. Nothing, where the last event has said it or it is not known why it ended. */
  end?(): FormEvent[];
}

export interface StreamWriter {
  write(event: FormEvent): WireEvent[];
  /** Characters it keeps of the answer, where it keeps any; the answer ends with an error when they are too many (kept-bound.ts). */
  readonly kept?: number;
}

export interface StreamContext {
  /** As the agent asked for it; what its stream and answer name as the model. */
  readonly model: string;
  readonly asksUsage: boolean;
  /** Made up where the upstream tells no id; unique. */
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
}

/** What a request is written for. */
export interface WriteContext {
  /** The Backend's; its API alone does not tell what it calls everything. */
  readonly schema: string | undefined;
  /** What a budget counts with: no limit that a writer makes up is above it; undefined: nobody counts. */
  readonly outputBound: number | undefined;
}

export interface ChatCodec {
  readonly api: ChatApi;
  readRequest(request: WireRequest): Result<FormRequest>;
  /** `base`: path prefix of the Backend, without a trailing slash, usually empty. */
  writeRequest(request: FormRequest, base: string, context?: WriteContext): Result<WrittenRequest>;
  /** undefined: it is no answer of this API. */
  readResponse(body: JsonObject): FormResponse | undefined;
  writeResponse(response: FormResponse, context: StreamContext): JsonObject;
  /** Of streams that this API answers with, by the request that asked. */
  framingOf(request: Pick<WireRequest, 'path' | 'query'>): Framing;
  createStreamReader(): StreamReader;
  createStreamWriter(context: StreamContext): StreamWriter;
  /** `body` undefined: it was no JSON object. */
  readError(status: number, body: JsonObject | undefined): FormError;
  writeError(error: FormError): JsonObject;
}
