/** What workers are told of an agent whose sandboxes are started ahead. */
import { expect, test } from 'vitest';
import type { PoolAgent } from '../../../contract/index.ts';
import { compileStandby } from '../../../operator/compile/standby.ts';
import type { TaskAgent } from '../../../operator/kind.ts';

test.each<[Partial<TaskAgent['spec']>, PoolAgent['standby']]>([
  [{}, undefined],
  [{ warmPoolMode: 'Created' }, undefined],
  [{ warmPoolMode: 'Started' }, { mode: 'Started' }],
  [{ warmPoolMode: 'Snapshot' }, { mode: 'Snapshot' }],
  [{ warmPoolMode: 'Resident' }, { mode: 'Resident', maxRuns: 100, maxAgeMs: 3_600_000 }],
  [
    { warmPoolMode: 'Resident', reuse: { maxRuns: 7, maxAge: '1m30s' } },
    { mode: 'Resident', maxRuns: 7, maxAgeMs: 90_000 },
  ],
])('%j', (spec, standby) => {
  expect(compileStandby(spec as TaskAgent['spec'], []).standby).toEqual(standby);
});

test.each<[name: string, value: string, holdsSecret: boolean]>([
  ['GREETING', 'hello', false],
  ['OPENAI_API_KEY', 'placeholder', false],
  ['NOTE', `key sk-proj-${'a1B2'.repeat(8)}`, true],
  ['DB_PASSWORD', 'correct horse', true],
])(
  'S45: what looks like a credential in env is told, wherever it came from: %s',
  (name, value, holdsSecret) => {
    const revisions = [{ name: 'a-00001', image: 'x', env: [{ name, value }] }];
    const spec = { warmPoolMode: 'Snapshot' } as TaskAgent['spec'];
    const expected = { mode: 'Snapshot', ...(holdsSecret ? { holdsSecret } : {}) };
    expect(compileStandby(spec, revisions).standby).toEqual(expected);
  },
);
