/** How the sandboxes of an agent's warm pool wait: its own words and defaults, as workers are told them. */
import { parseDuration } from '../../api/index.ts';
import type { PoolAgent, PoolRevision } from '../../contract/index.ts';
import { namesSecret, secretShape } from '../../policy/index.ts';
import type { TaskAgent } from '../kind.ts';

const defaultMaxRuns = 100;
const defaultMaxAgeMs = 60 * 60_000;

/** What is written to disk with its memory: a ConfigMap or an annotation may hold what no manifest shows. */
function holdsSecret(revisions: readonly PoolRevision[]): boolean {
  const env = revisions.flatMap((revision) => revision.env);
  return env.some(({ name, value }) => secretShape(value) !== undefined || namesSecret(name, value));
}

export function compileStandby(
  { warmPoolMode = 'Created', reuse = {} }: TaskAgent['spec'],
  revisions: readonly PoolRevision[],
): Pick<PoolAgent, 'standby'> {
  switch (warmPoolMode) {
    case 'Created':
      return {};
    case 'Started':
      return { standby: { mode: 'Started' } };
    case 'Resident': {
      const { maxRuns = defaultMaxRuns, maxAge = '' } = reuse;
      return { standby: { mode: 'Resident', maxRuns, maxAgeMs: parseDuration(maxAge) ?? defaultMaxAgeMs } };
    }
    case 'Snapshot':
      return { standby: { mode: 'Snapshot', ...(holdsSecret(revisions) ? { holdsSecret: true } : {}) } };
    default:
      return warmPoolMode satisfies never;
  }
}
