/** The bootstrap's judgements; the work itself is what `.ci/run` does on a new machine. */
import { expect, it } from 'vitest';
import { judgeBasics, missingCommands, packagesMatch } from '../../bin/bootstrap.mjs';

const good = { version: '20.19.0', platform: 'linux', uid: 0 };
it.each([
  [{ version: '20.18.9' }, 'Node 20.19'],
  [{ version: '18.20.0' }, 'Node 20.19'],
  [{ platform: 'darwin' }, 'Linux is needed'],
  [{ uid: 1000 }, 'root is needed'],
])('refuses %j', (change, text) => {
  expect(() => judgeBasics({ ...good, ...change })).toThrow(text);
});

it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('accepts Node %s', (version) => {
  expect(() => judgeBasics({ ...good, version })).not.toThrow();
});

const lock = {
  packages: {
    '': { version: '0.1.0' },
    constructs: { version: '0.1.0' },
    'node_modules/@clrk/constructs': { link: true },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b-other-machine': { version: '1.0.0', optional: true },
  },
};
it.each<[string, Record<string, { version: string }>, boolean]>([
  ['equal', { 'node_modules/a': { version: '1.0.0' } }, true],
  ['another version', { 'node_modules/a': { version: '1.0.1' } }, false],
  [
    'another version of an optional package',
    { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-other-machine': { version: '2.0.0' } },
    false,
  ],
  ['missing', {}, false],
])('packagesMatch: %s', (_title, packages, expected) => {
  expect(packagesMatch(lock, { packages })).toBe(expected);
});

it('finds system commands', () => {
  expect(missingCommands('/nowhere').map(({ command }) => command)).not.toContain('ip');
});
