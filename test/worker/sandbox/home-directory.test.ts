import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { homeOf, planHome } from '../../../worker/sandbox/home-directory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'clrk-home-'));
  mkdirSync(join(root, 'home/agent/app'), { recursive: true });
  writeFileSync(join(root, 'home/agent/.profile'), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each([
  [[], '/root', '/root'],
  [['HOME=/home/x/'], '/root', '/home/x'],
  [['HOME='], '/root', '/root'],
  [['HOME=relative'], '/root', '/'],
  [[], '', '/'],
])('of %j and %j it is %j', (env, home, expected) => {
  expect(homeOf({ env }, { home })).toBe(expected);
});

test('what the image has at home stays, links do not', async () => {
  symlinkSync('/etc/shadow', join(root, 'home/agent/secret'));
  const home = await planHome(root, '/home/agent');
  expect(home).toMatchObject({ path: '/home/agent', mount: '/home/agent' });
  expect(home.kept.map(({ name }) => name).sort()).toEqual(['.profile', 'app']);
});

test('a home that is a link stays in the root, wherever it points', async () => {
  symlinkSync('../../../../../../home/agent', join(root, 'me'));
  expect(await planHome(root, '/me')).toMatchObject({ path: '/me', mount: '/home/agent' });
  symlinkSync('/', join(root, 'all'));
  expect(await planHome(root, '/all')).toEqual({ path: '/tmp', kept: [] });
});

test.each(['/', '/tmp', '/proc/1', '/dev'])('%s is no place for a mount: home is /tmp', async (home) => {
  expect(await planHome(root, home)).toEqual({ path: '/tmp', kept: [] });
});

test('a home full of files is left as it is', async () => {
  for (let index = 0; index < 40; index += 1) writeFileSync(join(root, 'home/agent', `f${index}`), '');
  expect(await planHome(root, '/home/agent')).toEqual({ path: '/tmp', kept: [] });
});
