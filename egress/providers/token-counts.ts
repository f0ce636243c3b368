/**
 * The token counts that an answer told, taken together. Counts that contradict each other, or that no call can have used, are no
 * counts: adding them up or pricing them would be a guess. Pure.
 */
import type { Facts } from './codec.ts';

/** A thousand times what the widest models take. */
const maxTokens = 1_000_000_000;

const names = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheCreationTokens',
  'cacheCreationHourTokens',
  'reasoningTokens',
] as const;

export type TokenCounts = Pick<Facts, (typeof names)[number]>;

function isPart(whole: number | undefined, ...parts: ReadonlyArray<number | undefined>): boolean {
  const sum = parts.reduce<number>((all, part) => all + (part ?? 0), 0);
  return whole === undefined || sum <= whole;
}

/** Undefined: nobody can say what was used. */
export function credibleCounts(facts: Facts): TokenCounts | undefined {
  const { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens, cacheCreationHourTokens } = facts;
  const isBounded = facts.miscounted !== true && names.every((name) => (facts[name] ?? 0) <= maxTokens);
  const fits =
    isPart(inputTokens, cacheReadTokens, cacheCreationTokens ?? cacheCreationHourTokens) &&
    isPart(cacheCreationTokens, cacheCreationHourTokens) &&
    isPart(outputTokens, facts.reasoningTokens);
  return isBounded && fits ? facts : undefined;
}
