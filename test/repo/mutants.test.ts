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
  for (const mutant of mutants) {
    const text = readFileSync(join(repositoryRoot, mutant.file), 'utf8');
    expect(applyMutant(text, mutant), mutant.id).not.toBe(text);
    expect(existsSync(join(repositoryRoot, mutant.test)), mutant.test).toBe(true);
  }
});
