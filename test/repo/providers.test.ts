/** docs/providers.md is what the last run of the matrix saw, no more and no less. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMatrix } from '../../scripts/generate.ts';
import { providerPage } from '../../scripts/provider-matrix.ts';
import { repositoryRoot } from '../../scripts/source-files.ts';

test('the page of providers is committed as it is generated (npm run generate)', () => {
  const committed = readFileSync(join(repositoryRoot, 'docs/providers.md'), 'utf8');
  expect(committed).toBe(providerPage(readMatrix(repositoryRoot)));
});

test('no run left a field empty', () => {
  for (const { cases, rows } of readMatrix(repositoryRoot).values())
    for (const row of rows) expect(row.cases, `${row.client} to ${row.upstream}`).toEqual(cases);
});
