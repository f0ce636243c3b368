/** How the sandboxes of an agent's warm pool wait: its own words and defaults, as workers are told them. */
import { parseDuration } from '../../api/index.ts';
import type { PoolAgent } from '../../contract/index.ts';
import type { TaskAgent } from '../kind.ts';

const defaultMaxRuns = 100;
const defaultMaxAgeMs = 60 * 60_000;

export function compileStandby({
  warmPoolMode = 'Created',
  reuse = {},
}: TaskAgent['spec']): Pick<PoolAgent, 'standby'> {
  switch (warmPoolMode) {
    case 'Created':
      return {};
    case 'Started':
      return { standby: { mode: 'Started' } };
    case 'Resident': {
      const { maxRuns = defaultMaxRuns, maxAge = '' } = reuse;
      return { standby: { mode: 'Resident', maxRuns, maxAgeMs: parseDuration(maxAge) ?? defaultMaxAgeMs } };
    }
    default:
      return warmPoolMode satisfies never;
  }
}
