/** docs/parity.md: every row is there once, in order, and names tests there are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../../scripts/source-files.ts';

const page = readFileSync(join(repositoryRoot, 'docs/parity.md'), 'utf8');
const [, features = '', gaps = ''] = page.split(/^## .*$/m);

interface Row {
  readonly number: number;
  readonly state: string;
  readonly note: string;
  readonly tests: readonly string[];
}

function rowsOf(section: string): Row[] {
  return section.split('\n').flatMap((line) => {
    const [, number = '', , state = '', note = '', tests = ''] = line.split('|').map((cell) => cell.trim());
    if (!/^\d+$/.test(number)) return [];
    const paths = [...tests.matchAll(/\]\(\.\.\/(?<path>[^)]+)\)/g)].map(
      ({ groups }) => groups?.['path'] ?? '',
    );
    return [{ number: Number(number), state, note, tests: paths }];
  });
}

test.each([
  ['features', features, 124],
  ['gaps', gaps, 29],
])('%s: each row once, with a word for it and tests that exist', (_, section, count) => {
  const rows = rowsOf(section);
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  const unclear = rows.filter(({ state, note }) => {
    if (!['yes', 'partly', 'no', 'replaced'].includes(state)) return true;
    return (state === 'partly' || state === 'replaced') && note === '';
  });
  expect(unclear).toEqual([]);
  const unproven = rows.filter(
    ({ state, note, tests }) => state === 'yes' && note !== 'test/' && tests.length === 0,
  );
  expect(unproven).toEqual([]);
  const missing = rows
    .flatMap(({ tests }) => tests)
    .filter((path) => !existsSync(join(repositoryRoot, path)));
  expect(missing).toEqual([]);
});
