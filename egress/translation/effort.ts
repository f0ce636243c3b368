/** How much a model is to think, where one API says it in tokens and another in words: one scale for all that are told in words. Pure. */
import type { Thinking } from './form.ts';

type Wanted = Exclude<Thinking, { kind: 'off' }>;
export type Effort = Extract<Thinking, { kind: 'effort' }>['effort'];

/** A word as tokens; of `low` and `medium` it is the most that the word stands for. */
export const effortTokens: Readonly<Record<Effort, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
};

export function effortOf(thinking: Wanted): Effort {
  if (thinking.kind === 'effort') return thinking.effort;
  if (thinking.tokens <= effortTokens.low) return 'low';
  return thinking.tokens <= effortTokens.medium ? 'medium' : 'high';
}
