/** Does a new policy send a call under way just as it is being sent (S36)? Pure. */
import type { Candidate } from '../../decision/index.ts';

function essence({ target, backend, injection }: Candidate): string {
  return JSON.stringify([
    target,
    backend?.modelRewrites,
    backend?.ensureStreamUsage,
    injection?.fields,
    injection?.query,
  ]);
}

export function isSameWay(before: Candidate, after: Candidate): boolean {
  return before === after || essence(before) === essence(after);
}
