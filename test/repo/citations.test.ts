/** A reader has this repository and no other paper: comments name only what is in it. */
import { expect, test } from 'vitest';
import { readSourceFiles } from '../../scripts/source-files.ts';

const elsewhere =
  /\b(?:reference\/\w+\.md|(?:design|conventions|style|peers|parity)(?:\.md)? \d|reference \(?[a-e]\b|design, section \d)/i;

test('no source file cites a document that is not in the repository', () => {
  const citing = readSourceFiles()
    .filter(({ path, text }) => !path.startsWith('test/repo/') && elsewhere.test(text))
    .map(({ path }) => path);
  expect(citing).toEqual([]);
});

test('a citation is known when it is seen', () => {
  const said = ['see reference/clrk.md (d)', 'as design 4 says', 'conventions.md 5', 'peers 3'];
  expect(said.filter((text) => !elsewhere.test(text))).toEqual([]);
  expect(elsewhere.test('the design of a peer, 3 of them')).toBe(false);
});
