/** The files of an image: what is used is what was sealed, and nothing a link leads to. */
import {
  linkSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { imageFiles, SnapshotImage } from '../../../worker/snapshot/snapshot-image.ts';

const directory = mkdtempSync(join(tmpdir(), 'clrk-snapshot-'));
const path = join(directory, 'image');
const pages = join(path, 'pages.img');

beforeEach(async () => {
  rmSync(path, { recursive: true, force: true });
  await SnapshotImage.prepare(path);
  for (const name of imageFiles) writeFileSync(join(path, name), `${name} `.repeat(1000));
});

afterAll(() => rmSync(directory, { recursive: true }));

test('what nobody touched is whole, and knows its size', async () => {
  const image = await SnapshotImage.seal(path);
  expect(image.bytes).toBe(imageFiles.reduce((sum, name) => sum + (name.length + 1) * 1000, 0));
  expect([await image.isUntouched(), await image.isWhole()]).toEqual([true, true]);
});

test.each<[string, () => void, isWhole: boolean]>([
  ['cut short', () => truncateSync(pages, 10), false],
  [
    'other bytes of the same size, and its old time',
    () => {
      writeFileSync(pages, 'pages.imG '.repeat(1000));
      utimesSync(pages, 1, 1);
    },
    false,
  ],
  [
    'another file in its place',
    () => {
      writeFileSync(join(directory, 'other'), 'pages.img '.repeat(1000));
      renameSync(join(directory, 'other'), pages);
    },
    true,
  ],
  [
    'a link in place of a file',
    () => {
      renameSync(pages, join(directory, 'moved'));
      symlinkSync(join(directory, 'moved'), pages);
    },
    false,
  ],
  ['a second name elsewhere', () => linkSync(pages, join(directory, `linked-${Date.now()}`)), false],
  ['a file too many', () => writeFileSync(join(path, 'more'), ''), false],
  ['a file too few', () => rmSync(pages), false],
])('S60: %s is told', async (_how, change, isWhole) => {
  const image = await SnapshotImage.seal(path);
  change();
  expect([await image.isUntouched(), await image.isWhole()]).toEqual([false, isWhole]);
});

test.each<[string, () => void]>([
  [
    'a link',
    () => {
      rmSync(pages);
      symlinkSync('/etc/hostname', pages);
    },
  ],
  ['a second name', () => linkSync(pages, join(directory, 'second'))],
  ['a file too many', () => writeFileSync(join(path, 'more'), '')],
])('%s is not sealed', async (_how, change) => {
  change();
  await expect(SnapshotImage.seal(path)).rejects.toThrow();
});

test('an image is never written where there is something', async () => {
  await expect(SnapshotImage.prepare(path)).rejects.toThrow(/EEXIST/);
  symlinkSync(directory, join(directory, 'link'));
  await expect(SnapshotImage.prepare(join(directory, 'link'))).rejects.toThrow(/EEXIST/);
});
