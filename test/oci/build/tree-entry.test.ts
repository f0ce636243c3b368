import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeTree, directoryEntry, entryPath, textFile } from '../../../oci/build/tree-entry.ts';

test('parents come before children, later entries win, and the order of the input does not matter', () => {
  const paths = fc.uniqueArray(fc.stringMatching(/^[ab](\/[ab]){0,3}$/), { maxLength: 8 });
  fc.assert(
    fc.property(paths, (names) => {
      const entries = names.map((name) => directoryEntry(name));
      const tree = computeTree(entries);
      expect(computeTree(entries.toReversed())).toEqual(tree);
      for (const [index, { path }] of tree.entries()) {
        const parent = path.split('/').slice(0, -1).join('/');
        if (parent !== '') expect(tree.findIndex((entry) => entry.path === parent)).toBeLessThan(index);
        if (parent !== '') expect(tree.some((entry) => entry.path === parent)).toBe(true);
      }
    }),
  );
  expect(computeTree([textFile('f', '1'), textFile('f', '2')])).toEqual([textFile('f', '2')]);
});

test.each(['', '.', '/', '..', '../a', 'a/../..'])('the path %j is refused', (path) => {
  expect(() => entryPath(path)).toThrowError(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});

test('paths are normalised', () => {
  expect(['/a/b/', './a//b', 'a/./b'].map(entryPath)).toEqual(['a/b', 'a/b', 'a/b']);
});
