/** Each edit of `npm run mutants` still fits the text it changes and names a test there is: else a defence goes unproven. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyMutant, readMutants } from '../../scripts/mutants/mutant.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

test('every mutant fits its file once, and its test exists', () => {
  const mutants = readMutants(join(repositoryRoot, 'test', 'mutants'));
  expect(mutants.length).toBeGreaterThan(100);
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length);
  const misfits = mutants.filter((mutant) => {
    const text = readFileSync(join(repositoryRoot, mutant.file), 'utf8');
    return applyMutant(text, mutant) === text || !existsSync(join(repositoryRoot, mutant.test));
  });
  expect(misfits).toEqual([]);
});
