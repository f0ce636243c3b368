import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseEntryPath, readConfinedFile, resolveInRoot } from '../../oci/confined-path.ts';
import { temporaryDirectory } from './image-fixture.ts';

let base = '';
let root = '';
beforeEach(async () => {
  base = await temporaryDirectory();
  root = join(base, 'root');
  await mkdir(join(root, 'usr', 'lib'), { recursive: true });
  await writeFile(join(base, 'secret'), 'of the host');
});
afterEach(() => rm(base, { recursive: true, force: true }));

test.each([
  ['a/b', ['a', 'b']],
  ['./a//b/.', ['a', 'b']],
  ['./', []],
  ['/a', ['a']],
  ['a/../b', ['b']],
  ['../a', 'climbs out of the image'],
  ['a/../../b', 'climbs out of the image'],
  ['a\0b', 'holds a NUL'],
  ['x'.repeat(256), 'is too long'],
  ['x/'.repeat(2100), 'is too long'],
])('the name %j', (name, parts) => {
  expect(parseEntryPath(name)).toEqual(parts);
});

test.each([
  ['relative', 'usr/lib', 'usr/lib/x'],
  ['absolute', '/usr/lib', 'usr/lib/x'],
  ['climbing', '../../../../..', 'x'],
  ['absolute and climbing', '/../../usr', 'usr/x'],
])('a %s link leads inside', async (_kind, target, expected) => {
  await symlink(target, join(root, 'link'));
  expect(await resolveInRoot(root, ['link', 'x'])).toBe(join(root, expected));
});

test('a loop of links ends', async () => {
  await symlink('b', join(root, 'a'));
  await symlink('a', join(root, 'b'));
  expect(await resolveInRoot(root, ['a', 'x'])).toBeUndefined();
});

test('S14: a link of the image never opens a file of the host', async () => {
  await symlink('../secret', join(root, 'climb'));
  await symlink(join(base, 'secret'), join(root, 'absolute'));
  await symlink('..', join(root, 'parent'));
  for (const path of ['climb', 'absolute', 'parent/secret', '../secret', '/secret'])
    expect(await readConfinedFile(root, path, 100)).toBeUndefined();
});

test('whatever the links, the result lies in the root', async () => {
  const parts = fc.array(fc.constantFrom('..', '.', 'a', 'b', 'usr'), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(parts, parts, fc.boolean(), async (target, path, absolute) => {
      await rm(join(root, 'a'), { force: true, recursive: true });
      await symlink(`${absolute ? '/' : ''}${target.join('/')}` || '.', join(root, 'a'));
      const real = await resolveInRoot(root, ['a', ...path]);
      if (real !== undefined) expect(`${real}/`.startsWith(`${root}/`)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
