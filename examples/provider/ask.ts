/**
 * What the stand-in understands of a request, whoever's API it came by: one conversation and what is wanted of the answer. Each
 * API's reader makes it, `answer.ts` answers it. It is no part of the gateway's own form of a call: two readers that were one
 * would share their errors.
 */
import type { JsonObject } from './json.ts';

export interface Media {
  readonly kind: 'image' | 'audio' | 'file';
  readonly mediaType: string | undefined;
  /** Length of what stands in the request itself; or where it is to be fetched. */
  readonly bytes: number | undefined;
  readonly url: string | undefined;
}

export interface PastCall {
  readonly id: string | undefined;
  readonly name: string;
}

export interface ToolOutput {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly text: string;
  readonly isError: boolean;
}

export interface Turn {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly calls: readonly PastCall[];
  readonly results: readonly ToolOutput[];
  readonly media: readonly Media[];
}

export interface ToolDefinition {
  readonly name: string;
  readonly schema: unknown;
}

export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  readonly system: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly ToolDefinition[];
  /** The name of the tool to call, whether one must be called, or that none may. */
  readonly toolChoice: { readonly name: string } | 'any' | 'none' | 'auto';
  readonly parallel: boolean;
  /** Structured output; `schema` undefined: any JSON. */
  readonly format: { readonly schema: JsonObject | undefined } | undefined;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  /** Whether thoughts are shown to the caller; they are counted all the same. */
  readonly showsThoughts: boolean;
  /** Sampling and other settings, as they are to be told by `describe`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A turn without what it does not have. */
export function turnOf(role: Turn['role'], parts: Partial<Omit<Turn, 'role'>>): Turn {
  return { role, text: '', calls: [], results: [], media: [], ...parts };
}

/** Text of a content field: what is empty is left out. */
export function joinTexts(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}

/** What the last turn of the user that says something says. */
export function lastSaid(ask: Ask): string {
  return ask.turns.findLast((turn) => turn.role === 'user' && turn.text !== '')?.text ?? '';
}

/** Assistant turns since then: how far a task with tools has come. */
export function roundsOf({ turns }: Ask): number {
  const start = turns.findLastIndex((turn) => turn.role === 'user' && turn.text !== '');
  return turns.slice(start + 1).filter((turn) => turn.role === 'assistant').length;
}

/** What tools said since the assistant spoke last. */
export function newResults({ turns }: Ask): readonly ToolOutput[] {
  const start = turns.findLastIndex((turn) => turn.role === 'assistant');
  return turns.slice(start + 1).flatMap((turn) => turn.results);
}

/** The name of the tool whose call this answers, by the call before it where the API does not tell. */
export function nameOfResult({ turns }: Ask, result: ToolOutput): string {
  if (result.name !== undefined) return result.name;
  return turns.flatMap((turn) => turn.calls).findLast((call) => call.id === result.id)?.name ?? 'unknown';
}

/** `data:` URLs are bytes that stand in the request. */
export function mediaOfUrl(kind: Media['kind'], url: string): Media {
  const [, mediaType, data] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
  if (data === undefined) return { kind, mediaType: undefined, bytes: undefined, url };
  return mediaOfData(kind, mediaType, data);
}

export function mediaOfData(kind: Media['kind'], mediaType: string | undefined, data: string): Media {
  return { kind, mediaType, bytes: Buffer.from(data, 'base64').length, url: undefined };
}
