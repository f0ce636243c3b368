/** Usage of chat completions, whose totals are the form's. Pure. A count that is none is not told. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { Usage } from '../form.ts';

export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** undefined: there is no report. */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asObject(value);
  if (usage === undefined) return undefined;
  const input = asObject(usage['prompt_tokens_details']);
  const output = asObject(usage['completion_tokens_details']);
  return {
    input: countOf(usage['prompt_tokens']),
    output: countOf(usage['completion_tokens']),
    cacheRead: countOf(input?.['cached_tokens']),
    cacheCreation: undefined,
    reasoning: countOf(output?.['reasoning_tokens']),
  };
}

export function writeUsage({ input = 0, output = 0, cacheRead, reasoning }: Usage): JsonObject {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(cacheRead === undefined ? {} : { prompt_tokens_details: { cached_tokens: cacheRead } }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}
