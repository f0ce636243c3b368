/** Which policies the replicas of a gateway or a pool run, as they say themselves: what `clrk reach --live` compares with git. */
import { Type } from 'typebox';
import { integer, list, record, text } from './field.ts';

/** More at once than a rollout has. */
export const maxRunningPolicies = 16;

export function runningPolicies() {
  return Type.Optional(
    list(
      'running are the policies in force, as the replicas that take connections say themselves; one that does not say is in none.',
      record('RunningPolicy is what some replicas run.', {
        policyDigest: text(
          'policyDigest is of what manifests decide; `clrk reach --live` compiles it from them.',
          {
            max: 71,
            pattern: '^sha256:[0-9a-f]{64}$',
          },
        ),
        replicas: integer('replicas is how many run it.'),
      }),
      { max: maxRunningPolicies, keys: ['policyDigest'] },
    ),
  );
}
