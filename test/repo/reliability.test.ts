/** docs/reliability.md is what the last run of the faults saw, whole. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFaults } from '../../scripts/generate.ts';
import { reliabilityPage } from '../../scripts/reliability-page.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';
import { processes, steps } from '../e2e/faults/step.ts';

test('the page of faults is committed as it is generated (npm run generate)', () => {
  const committed = readFileSync(join(repositoryRoot, 'docs/reliability.md'), 'utf8');
  expect(committed).toBe(reliabilityPage(readFaults(repositoryRoot)));
});

test('no process and no step was left out', () => {
  const seen = readFaults(repositoryRoot).map(({ process, step }) => `${process} ${step}`);
  const wanted = steps.flatMap((step) => Object.keys(processes).map((process) => `${process} ${step}`));
  expect(seen.toSorted()).toEqual(wanted.toSorted());
});
