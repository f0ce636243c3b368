/** What workers are told of an agent whose sandboxes are started ahead. */
import { expect, test } from 'vitest';
import type { PoolAgent } from '../../../contract/index.ts';
import { compileStandby } from '../../../operator/compile/standby.ts';
import type { TaskAgent } from '../../../operator/kind.ts';

test.each<[Partial<TaskAgent['spec']>, PoolAgent['standby']]>([
  [{}, undefined],
  [{ warmPoolMode: 'Created' }, undefined],
  [{ warmPoolMode: 'Started' }, { mode: 'Started' }],
  [{ warmPoolMode: 'Resident' }, { mode: 'Resident', maxRuns: 100, maxAgeMs: 3_600_000 }],
  [
    { warmPoolMode: 'Resident', reuse: { maxRuns: 7, maxAge: '1m30s' } },
    { mode: 'Resident', maxRuns: 7, maxAgeMs: 90_000 },
  ],
])('%j', (spec, standby) => {
  expect(compileStandby(spec as TaskAgent['spec']).standby).toEqual(standby);
});
