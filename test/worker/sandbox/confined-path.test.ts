import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveInRoot } from '../../../worker/sandbox/confined-path.ts';

const root = mkdtempSync(join(tmpdir(), 'clrk-path-'));

beforeAll(() => {
  mkdirSync(join(root, 'etc/real'), { recursive: true });
  symlinkSync('/etc/real', join(root, 'etc/absolute'));
  symlinkSync('../../../../etc', join(root, 'etc/climber'));
  symlinkSync('real', join(root, 'etc/relative'));
  symlinkSync('loop', join(root, 'etc/loop'));
});
afterAll(() => rmSync(root, { recursive: true }));

test.each([
  ['/etc/passwd', true, 'etc/passwd'],
  ['/etc/absolute/x', true, 'etc/real/x'],
  ['/etc/relative/x', true, 'etc/real/x'],
  ['/etc/relative', false, 'etc/relative'],
  ['/etc/climber/passwd', true, 'etc/passwd'],
  ['/../../etc/./passwd', true, 'etc/passwd'],
  ['/etc/loop/x', true, undefined],
  ['/not/there', true, 'not/there'],
] as const)(
  'S14: %s (last followed: %s) is %s and never outside the root',
  async (path, follow, expected) => {
    expect(await resolveInRoot(root, path, follow)).toBe(expected);
  },
);
