/**
 * The token counts that an answer told, taken together. Counts that contradict each other, or that no call can have used, are no
 * counts: adding them up or pricing them would be a guess. Pure.
 */
import type { Facts } from './codec.ts';

/** A thousand times what the widest models take. */
const maxTokens = 1_000_000_000;

export type TokenCounts = Pick<
  Facts,
  | 'inputTokens'
  | 'outputTokens'
  | 'cacheReadTokens'
  | 'cacheCreationTokens'
  | 'cacheCreationHourTokens'
  | 'reasoningTokens'
>;

function isPart(whole: number | undefined, ...parts: ReadonlyArray<number | undefined>): boolean {
  const sum = parts.reduce<number>((all, part) => all + (part ?? 0), 0);
  return whole === undefined || sum <= whole;
}

/** Undefined: nobody can say what was used. */
export function credibleCounts(facts: Facts): TokenCounts | undefined {
  const { inputTokens, outputTokens, reasoningTokens } = facts;
  const { cacheReadTokens, cacheCreationTokens, cacheCreationHourTokens } = facts;
  const counts: TokenCounts = {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheCreationTokens === undefined ? {} : { cacheCreationTokens }),
    ...(cacheCreationHourTokens === undefined ? {} : { cacheCreationHourTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoningTokens }),
  };
  const isBounded = facts.miscounted !== true && Object.values(counts).every((count) => count <= maxTokens);
  const fits =
    isPart(inputTokens, cacheReadTokens, cacheCreationTokens ?? cacheCreationHourTokens) &&
    isPart(cacheCreationTokens, cacheCreationHourTokens) &&
    isPart(outputTokens, reasoningTokens);
  return isBounded && fits ? counts : undefined;
}
