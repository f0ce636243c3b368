/**
 * What the stand-in says, and how it counts. Deterministic: the same prompt gets the same text, pieces and numbers,
 * plain or streamed, from every vendor, so that tests can assert them. The count is ours, not a vendor's tokenizer.
 */
import { createHash } from 'node:crypto';
import { asArray, asObject, asString, type JsonObject } from './json.ts';

/** Words and single marks: close enough to real tokenizers to look right, simple enough to count by hand. */
const tokenPattern = /\s*(?:[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_])/gu;
const quoteLength = 400;

export function splitTokens(text: string): readonly string[] {
  return text.match(tokenPattern) ?? [];
}

export function countTokens(text: string): number {
  return splitTokens(text).length;
}

export interface Prompt {
  /** Everything that counts as input. */
  readonly text: string;
  /** What the last user message says. */
  readonly last: string;
  readonly maxTokens: number | undefined;
}

export interface Answer {
  readonly pieces: readonly string[];
  readonly text: string;
  /** The limit cut it. */
  readonly truncated: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export function computeAnswer(prompt: Prompt): Answer {
  const heard = prompt.last.replace(/\s+/g, ' ').trim();
  const quoted = heard.length > quoteLength ? `${heard.slice(0, quoteLength)}…` : heard;
  const all = splitTokens(`Hello from the stand-in. You said: "${quoted}"`);
  const pieces = prompt.maxTokens === undefined ? all : all.slice(0, prompt.maxTokens);
  return {
    pieces,
    text: pieces.join(''),
    truncated: pieces.length < all.length,
    inputTokens: countTokens(prompt.text),
    outputTokens: pieces.length,
  };
}

export interface ToolCall {
  readonly name: string;
  readonly arguments: JsonObject;
}

/** A tool is called when the caller insists (`forced`: its name or true) or the last user message names it. */
export function chooseTool(
  tools: readonly { readonly name: string; readonly schema: unknown }[],
  last: string,
  forced: string | boolean,
): ToolCall | undefined {
  const named = tools.find((tool) =>
    typeof forced === 'string' ? tool.name === forced : last.includes(tool.name),
  );
  const tool = named ?? (forced === true ? tools[0] : undefined);
  if (tool === undefined) return undefined;
  const schema = asObject(tool.schema);
  const properties = asObject(schema?.['properties']) ?? {};
  const required = asArray(schema?.['required']).flatMap((name) => asString(name) ?? []);
  const entries = required.map(
    (name) => [name, exampleOf(asObject(properties[name])?.['type'], last)] as const,
  );
  return { name: tool.name, arguments: Object.fromEntries(entries) };
}

function exampleOf(type: unknown, last: string): unknown {
  switch (type) {
    case 'string':
      return last;
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    default:
      return {};
  }
}

/** An id that looks like the vendor's and depends only on the request. */
export function idOf(prefix: string, seed: string): string {
  return `${prefix}${createHash('sha256').update(`${prefix}${seed}`).digest('hex').slice(0, 24)}`;
}
