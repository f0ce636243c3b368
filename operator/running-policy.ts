/**
 * Which policies the replicas of a gateway or a pool run, for its status: their own words and never what was written for them,
 * because whoever compares it with git asks what is in force. Pure.
 */
import { maxRunningPolicies } from '../api/index.ts';
import { parseDigest } from '../contract/index.ts';

interface Word {
  readonly policyDigest?: string;
  readonly draining: boolean;
}

export interface RunningPolicy {
  readonly policyDigest: string;
  readonly replicas: number;
}

/** Of those that take connections, by digest. What is no digest says nothing: a tenant's process wrote it. */
export function runningPolicies(words: readonly Word[]): readonly RunningPolicy[] {
  const counts = new Map<string, number>();
  for (const { policyDigest = '', draining } of words) {
    const digest = parseDigest(policyDigest);
    if (digest !== undefined && !draining) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, maxRunningPolicies)
    .map(([policyDigest, replicas]) => ({ policyDigest, replicas }));
}
