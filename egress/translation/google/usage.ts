/** Token counts as Google tells them: thinking is beside the candidates' tokens, what tools brought in beside the prompt's. Pure. */
import { asObject, sumOf, type JsonObject } from '../../providers/index.ts';
import { countOf } from '../count.ts';
import type { Usage } from '../form.ts';
import { compact } from '../json.ts';

/** undefined: none was told. */
export function readGoogleUsage(body: JsonObject): Usage | undefined {
  const usage = asObject(body['usageMetadata']);
  if (usage === undefined) return undefined;
  const reasoning = countOf(usage['thoughtsTokenCount']);
  return {
    input: sumOf(countOf(usage['promptTokenCount']), countOf(usage['toolUsePromptTokenCount'])),
    output: sumOf(countOf(usage['candidatesTokenCount']), reasoning),
    cacheRead: countOf(usage['cachedContentTokenCount']),
    cacheCreation: undefined,
    reasoning,
  };
}

export function writeGoogleUsage(usage: Usage | undefined): JsonObject | undefined {
  if (usage === undefined) return undefined;
  const { input, output, cacheRead, reasoning } = usage;
  return compact({
    promptTokenCount: input,
    candidatesTokenCount: output === undefined ? undefined : Math.max(0, output - (reasoning ?? 0)),
    thoughtsTokenCount: reasoning,
    cachedContentTokenCount: cacheRead,
    totalTokenCount: input === undefined || output === undefined ? undefined : input + output,
  });
}
