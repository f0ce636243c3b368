/** Does a new policy send a call under way just as it is being sent (S36)? Pure. */
import type { Candidate, Decision } from '../../decision/index.ts';

function essence({ target, backend, injection }: Candidate): string {
  return JSON.stringify([
    target,
    backend?.modelRewrites,
    backend?.ensureStreamUsage,
    injection?.fields,
    injection?.query,
  ]);
}

type Terms = Pick<Extract<Decision, { kind: 'allow' }>, 'candidates' | 'maxBodyBytes'>;

export function isSameWay(before: Terms, after: Terms): boolean {
  const [[old], [now]] = [before.candidates, after.candidates];
  return before.maxBodyBytes === after.maxBodyBytes && (old === now || essence(old) === essence(now));
}
