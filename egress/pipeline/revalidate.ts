/** Does a new policy send a call under way just as it is being sent (S36)? Pure. */
import type { Candidate } from '../../decision/index.ts';

function essence({ target, backend, translation, injection }: Candidate): string {
  return JSON.stringify([
    target,
    backend?.modelRewrites,
    backend?.ensureStreamUsage,
    injection?.fields,
    injection?.query,
    injection?.signing,
    translation,
  ]);
}

export function isSameWay(before: Candidate, after: Candidate): boolean {
  return before === after || essence(before) === essence(after);
}

/** Would a call that has not been sent be tried at the same places, in the same order? */
export function areSameWays(before: readonly Candidate[], after: readonly Candidate[]): boolean {
  return (
    before.length === after.length &&
    before.every((candidate, index) => {
      const other = after[index];
      return other !== undefined && isSameWay(candidate, other);
    })
  );
}
