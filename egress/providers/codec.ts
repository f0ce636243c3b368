/**
 * What the gateway must know of an AI provider's API: a plug-in a folder. Pure; it reads requests and responses that
 * pass by and never changes them. A codec that does not understand says nothing rather than something wrong.
 */
import type { Provider } from '../../contract/index.ts';
import type { ObjectShape } from './json-shape.ts';

/** Facts of one call, filled in as they are seen. Token counts are totals, cached ones included in input. */
export interface Facts {
  model?: string;
  stream?: boolean;
  responseModel?: string;
  responseId?: string;
  finishReasons?: string[];
  inputTokens?: number;
  outputTokens?: number;
  cacheReadTokens?: number;
  cacheCreationTokens?: number;
  /** Of the cache writes those that are kept for an hour, which cost more. */
  cacheCreationHourTokens?: number;
  reasoningTokens?: number;
  /** What the provider says it served the call as (`default`, `flex`, `priority`, `batch`). */
  serviceTier?: string;
  /** A count was told that is none. */
  miscounted?: boolean;
  /** The call used what no price per token covers: audio, paid tools. */
  surcharged?: boolean;
  /** `partial`: more may have been used than was told so far. Absent: no usage was seen. */
  usage?: 'partial' | 'whole';
}

export interface ProviderCodec {
  readonly provider: Provider;
  /** Value of `gen_ai.provider.name` (OpenTelemetry's registry). */
  readonly genAiName: string;
  /** Value of `gen_ai.system`, the original's name. */
  readonly system: string;
  /** Provider id of the price table. */
  readonly priceId: string;
  /** What `readResponse` wants of a response; the rest is not read into memory. */
  readonly responseShape: ObjectShape;
  /** Reads a whole JSON response, or one event of a stream; of either what `responseShape` says. It never throws. */
  readResponse(body: JsonObject, facts: Facts): void;
  /** An error in the provider's own schema, as its SDKs parse it. */
  renderError(status: number, code: string, message: string): string;
}

export type JsonObject = { readonly [name: string]: unknown };

/** The sum of counts, of which one at least is known; undefined when none is. */
export function sumOf(...counts: ReadonlyArray<number | undefined>): number | undefined {
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? undefined : asCount(known.reduce((sum, count) => sum + count, 0));
}

/** The objects of a list; other members are left out. */
export function asObjects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(asObject).filter((item) => item !== undefined) : [];
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** A token count; undefined: there is none. What is told and is no count is not a number, which `learn` notes. */
export function asCount(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
}

// Names come from outside and go into records: bounded (S50).
const maxTextLength = 200;

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, maxTextLength) : undefined;
}

/** Copies the members that are known, so that a later event without one does not erase it. */
export function learn(facts: Facts, seen: { readonly [K in keyof Facts]: Facts[K] | undefined }): void {
  for (const name in seen) learnOne(facts, seen, name as keyof Facts);
}

function learnOne<K extends keyof Facts>(
  facts: Facts,
  seen: { readonly [N in keyof Facts]: Facts[N] | undefined },
  name: K,
): void {
  const value: Facts[K] | undefined = seen[name];
  if (Number.isNaN(value)) facts.miscounted = true;
  else if (value !== undefined) facts[name] = value;
}
