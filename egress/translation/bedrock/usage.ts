/** Token counts as Converse tells them: what came from the cache, or went there, is beside the input. Pure. */
import { asObject, sumOf, type JsonObject } from '../../providers/index.ts';
import { countOf } from '../count.ts';
import type { Usage } from '../form.ts';
import { compact } from '../json.ts';

/** `body`: what carries the report; undefined: none was told. */
export function readConverseUsage(body: JsonObject): Usage | undefined {
  const usage = asObject(body['usage']);
  if (usage === undefined) return undefined;
  const input = countOf(usage['inputTokens']);
  const cacheRead = countOf(usage['cacheReadInputTokens']);
  const cacheCreation = countOf(usage['cacheWriteInputTokens']);
  return {
    input: input === undefined ? undefined : sumOf(input, cacheRead, cacheCreation),
    output: countOf(usage['outputTokens']),
    cacheRead,
    cacheCreation,
    reasoning: undefined,
  };
}

export function writeConverseUsage(usage: Usage | undefined): JsonObject | undefined {
  if (usage === undefined) return undefined;
  const { input, output, cacheRead, cacheCreation } = usage;
  const fresh =
    input === undefined ? undefined : Math.max(0, input - (cacheRead ?? 0) - (cacheCreation ?? 0));
  return compact({
    inputTokens: fresh,
    outputTokens: output,
    totalTokens: input === undefined || output === undefined ? undefined : input + output,
    cacheReadInputTokens: cacheRead,
    cacheWriteInputTokens: cacheCreation,
  });
}
