/**
 * What chat APIs have in common: one conversation asked, one answer given. Every API is read into this form and written from it, so
 * that a translation between two of them is a reader of one and a writer of the other and nobody knows both. Types only.
 */
import type { JsonObject } from '../providers/index.ts';

/** Bytes that stand in the request, or a place the provider fetches them from. */
export type Media =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string; readonly mediaType: string | undefined };

export interface TextPart {
  readonly kind: 'text';
  readonly text: string;
}

export interface ToolCallPart {
  readonly kind: 'tool-call';
  /** Unique in the conversation; APIs without ids get made-up ones in reading (`call_0`, in order). */
  readonly id: string;
  readonly name: string;
  /** JSON text of an object, as the model wrote it where the API has it as text. */
  readonly arguments: string;
  /** Google's thoughtSignature on a call. */
  readonly signature: string | undefined;
}

export type Part =
  | TextPart
  | { readonly kind: 'image'; readonly media: Media; readonly detail: string | undefined }
  | { readonly kind: 'audio'; readonly media: Media }
  | { readonly kind: 'file'; readonly media: Media; readonly name: string | undefined }
  | ToolCallPart
  | {
      readonly kind: 'tool-result';
      readonly id: string;
      /** Google names the tool instead of the call; undefined: look it up by `id`. */
      readonly name: string | undefined;
      readonly parts: readonly Part[];
      readonly isError: boolean;
    }
  /** What the model thought. `redacted`: bytes only its provider can read, in place of text. */
  | {
      readonly kind: 'thinking';
      readonly text: string;
      readonly signature: string | undefined;
      readonly redacted: string | undefined;
    }
  | { readonly kind: 'refusal'; readonly text: string };

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly parts: readonly Part[];
}

export interface Tool {
  readonly name: string;
  readonly description: string | undefined;
  /** JSON schema of an object. */
  readonly parameters: JsonObject | undefined;
  readonly strict: boolean | undefined;
}

export type ToolChoice =
  { readonly kind: 'auto' | 'none' | 'any' } | { readonly kind: 'tool'; readonly name: string };

export type ResponseFormat =
  | { readonly kind: 'json' }
  | {
      readonly kind: 'json-schema';
      readonly name: string;
      readonly schema: JsonObject;
      readonly strict: boolean | undefined;
    };

/** How much the model may think before it answers. */
export type Thinking =
  | { readonly kind: 'off' }
  | { readonly kind: 'budget'; readonly tokens: number }
  | { readonly kind: 'effort'; readonly effort: 'minimal' | 'low' | 'medium' | 'high' };

export interface FormRequest {
  readonly model: string;
  readonly stream: boolean;
  /** OpenAI's stream_options.include_usage: the agent expects a report; other APIs always send one. */
  readonly asksUsage: boolean;
  readonly system: readonly TextPart[];
  /** Neighbours may have one role; writers that need turns to alternate join them. */
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice | undefined;
  readonly parallelToolCalls: boolean | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: number | undefined;
  readonly stop: readonly string[];
  readonly seed: number | undefined;
  readonly presencePenalty: number | undefined;
  readonly frequencyPenalty: number | undefined;
  readonly responseFormat: ResponseFormat | undefined;
  readonly thinking: Thinking | undefined;
  readonly user: string | undefined;
}

/** Why the answer ended. */
export type Finish =
  'stop' | 'stop-sequence' | 'length' | 'tool-calls' | 'content-filter' | 'refusal' | 'other';

/** Totals: cached tokens are in `input`, thinking in `output`. undefined: not told. */
export interface Usage {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheCreation: number | undefined;
  readonly reasoning: number | undefined;
}

export interface FormResponse {
  readonly id: string | undefined;
  readonly model: string | undefined;
  readonly parts: readonly Part[];
  readonly finish: Finish;
  readonly stopSequence: string | undefined;
  readonly usage: Usage | undefined;
}

export interface FormError {
  readonly status: number;
  readonly message: string;
  /** The provider's own word for it, such as `rate_limit_error` or `context_length_exceeded`. */
  readonly code: string | undefined;
}

/** What a part of a streamed answer begins as; its text or arguments follow in deltas. */
export type PartStart =
  | { readonly kind: 'text' | 'refusal' }
  | { readonly kind: 'thinking'; readonly redacted: string | undefined }
  | { readonly kind: 'tool-call'; readonly id: string; readonly name: string };

/**
 * A streamed answer: `start`, then parts, each `part`, `delta`…, `part-end`, several possibly open at once (told apart by `index`),
 * `usage` any number of times (later ones replace what they name), `finish` once, and `end`. `error` may come instead of all that
 * is left. A stream that stops without `end` or `error` was cut, and is passed on as cut.
 */
export type FormEvent =
  | { readonly kind: 'start'; readonly id: string | undefined; readonly model: string | undefined }
  | { readonly kind: 'part'; readonly index: number; readonly part: PartStart }
  | { readonly kind: 'delta'; readonly index: number; readonly text: string }
  /** Of a thinking part, or of a tool call (Google). */
  | { readonly kind: 'signature'; readonly index: number; readonly signature: string }
  | { readonly kind: 'part-end'; readonly index: number }
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'finish'; readonly finish: Finish; readonly stopSequence: string | undefined }
  | { readonly kind: 'error'; readonly error: FormError }
  | { readonly kind: 'end' };
