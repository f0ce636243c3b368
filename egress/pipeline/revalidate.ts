/** Does a new policy send a call under way just as it is being sent (S36)? Pure. */
import type { AllowDecision, Candidate } from '../../decision/index.ts';

function essence({ target, backend, translation, injection }: Candidate): string {
  return JSON.stringify([
    target,
    backend?.modelRewrites,
    backend?.ensureStreamUsage,
    injection?.fields,
    injection?.query,
    injection?.signing,
    injection?.token,
    translation,
  ]);
}

export function isSameWay(before: Candidate, after: Candidate): boolean {
  return before === after || essence(before) === essence(after);
}

/** The same places, in the same order. */
function areSameWays(before: readonly Candidate[], after: readonly Candidate[]): boolean {
  return (
    before.length === after.length &&
    before.every((candidate, index) => {
      const other = after[index];
      return other !== undefined && isSameWay(candidate, other);
    })
  );
}

/** Under the same limits, each by what it counts, how much and for whom. */
function isSameUse(before: AllowDecision, after: AllowDecision): boolean {
  const [one, other] = [before, after].map(({ counts, budget }) => JSON.stringify([counts, budget]));
  return one === other;
}

/** Would a call that has not been sent be tried at the same places, and be counted as it was or is being counted? */
export function isSameUnsent(before: AllowDecision, after: AllowDecision): boolean {
  return areSameWays(before.candidates, after.candidates) && isSameUse(before, after);
}

/** Would as much of it pass, changed in the same way, and be read of its answer? */
export function isReadAlike(before: AllowDecision, after: AllowDecision): boolean {
  const { answers, headers, maxBodyBytes, messages } = before;
  const isSeen = answers === undefined ? after.answers === undefined : answers.isAs(after.answers);
  if (!isSeen || maxBodyBytes !== after.maxBodyBytes || messages !== after.messages) return false;
  return JSON.stringify(headers) === JSON.stringify(after.headers);
}
