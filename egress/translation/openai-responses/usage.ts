/** Token counts as the responses API tells them. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import { countOf } from '../count.ts';
import type { Usage } from '../form.ts';
import { compact } from '../json.ts';

/** `response`: the object that carries the report; undefined: none was told. */
export function readResponsesUsage(response: JsonObject): Usage | undefined {
  const usage = asObject(response['usage']);
  if (usage === undefined) return undefined;
  const input = asObject(usage['input_tokens_details']);
  const output = asObject(usage['output_tokens_details']);
  return {
    input: countOf(usage['input_tokens']),
    output: countOf(usage['output_tokens']),
    cacheRead: countOf(input?.['cached_tokens']),
    cacheCreation: countOf(input?.['cache_write_tokens']),
    reasoning: countOf(output?.['reasoning_tokens']),
  };
}

/** SDKs look into the details without asking whether they are there. */
export function writeResponsesUsage(usage: Usage | undefined): JsonObject | null {
  if (usage?.input === undefined || usage.output === undefined) return null;
  const { input, output, cacheRead, cacheCreation, reasoning } = usage;
  return {
    input_tokens: input,
    input_tokens_details: compact({ cached_tokens: cacheRead ?? 0, cache_write_tokens: cacheCreation }),
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning ?? 0 },
    total_tokens: input + output,
  };
}
