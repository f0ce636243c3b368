/** Which images ship a program for after a restore. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { hasRestoreHook } from '../../../worker/snapshot/restore-hook.ts';

const directory = mkdtempSync(join(tmpdir(), 'clrk-hook-'));
const root = join(directory, 'root');
const hook = join(root, '.clrk/on-restore');

function program(path: string, mode = 0o755): void {
  writeFileSync(path, '');
  chmodSync(path, mode);
}

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, '.clrk'), { recursive: true });
});

afterAll(() => rmSync(directory, { recursive: true }));

test.each<[string, () => void, boolean]>([
  ['none', () => undefined, false],
  ['a program', () => program(hook), true],
  ['no program', () => program(hook, 0o644), false],
  ['a directory', () => mkdirSync(hook), false],
  [
    'a link within the root',
    () => {
      program(join(root, 'reseed'));
      symlinkSync('/reseed', hook);
    },
    true,
  ],
  [
    'a link that leads out of the root',
    () => {
      program(join(directory, 'outside'));
      symlinkSync(join(directory, 'outside'), hook);
    },
    false,
  ],
  ['a link round and round', () => symlinkSync('on-restore', hook), false],
])('%s', async (_name, make, expected) => {
  make();
  expect(await hasRestoreHook(root)).toBe(expected);
});
