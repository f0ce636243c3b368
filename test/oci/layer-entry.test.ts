import { expect, test } from 'vitest';
import { judgeEntry } from '../../oci/layer-entry.ts';
import type { TarHeader } from '../../oci/tar/tar-header.ts';

const header = (part: Partial<TarHeader>): TarHeader => ({
  name: 'a',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtimeSeconds: 0,
  linkname: '',
  ...part,
});

function verdict(part: Partial<TarHeader>): string {
  try {
    const action = judgeEntry(header(part));
    if (action.kind === 'skip') return `skip ${action.reason}`;
    return `${action.kind} ${action.path.join('/')}`;
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

const refused = (name: string, why: string): string => `the entry "${name}" of a layer ${why}`;
const badTarget = 'is a symbolic link whose target cannot be one';

test.each<[Partial<TarHeader>, string]>([
  [{}, 'file a'],
  [{ type: 'contiguous-file' }, 'file a'],
  [{ name: 'a/', type: 'directory' }, 'directory a'],
  [{ name: './', type: 'directory' }, 'directory '],
  [{ name: './' }, 'skip path'],
  [{ name: '/etc/passwd' }, 'file etc/passwd'],
  [{ name: '///etc//./passwd' }, 'file etc/passwd'],
  [{ name: 'a/../b' }, 'file b'],
  [{ name: '../x' }, refused('../x', 'has a name that climbs out of the image')],
  [{ name: 'a/../../x', type: 'directory' }, refused('a/../../x', 'has a name that climbs out of the image')],
  [{ name: 'a\0b' }, refused('a\\u{0}b', 'has a name that holds a NUL')],
  [{ name: 'x'.repeat(256) }, refused(`${'x'.repeat(200)}…`, 'has a name that is too long')],
  [{ type: 'symlink', linkname: '/etc' }, 'symlink a'],
  [{ type: 'symlink', linkname: '' }, refused('a', badTarget)],
  [{ type: 'symlink', linkname: 'x\0y' }, refused('a', badTarget)],
  [{ type: 'link', linkname: 'b' }, 'hardlink a'],
  [{ type: 'link', linkname: '/b' }, 'hardlink a'],
  [{ type: 'link', linkname: '../b' }, refused('a', 'is a hard link whose target climbs out of the image')],
  [{ type: 'link', linkname: '' }, refused('a', 'is a hard link to nothing')],
  [{ name: 'dev/sda', type: 'block-device' }, 'special dev/sda'],
  [{ name: 'dev/null', type: 'character-device' }, 'special dev/null'],
  [{ name: 'pipe', type: 'fifo' }, 'special pipe'],
  [{ type: 'unknown' }, 'skip special'],
  [{ name: 'a/.wh.b' }, 'whiteout a/b'],
  [{ name: 'a/.wh..wh..opq' }, 'opaque a'],
  [{ name: 'a/.wh...' }, 'skip whiteout'],
  [{ name: 'a/.wh..' }, 'skip whiteout'],
  [{ name: 'a/.wh.' }, 'skip whiteout'],
  [{ name: '.wh..wh.plnk', type: 'directory' }, 'skip whiteout'],
  [{ uid: -1 }, refused('a', 'has the owner -1, which is none')],
  [{ gid: 2 ** 40 }, refused('a', `has the owner ${2 ** 40}, which is none`)],
])('%j is %s', (part, expected) => {
  expect(verdict(part)).toBe(expected);
});

test.each<[TarHeader['type'], number, number]>([
  ['file', 0o6755, 0o755],
  ['file', 0o1777, 0o777],
  ['directory', 0o7777, 0o1777],
])('a %s of mode %o becomes %o', (type, mode, expected) => {
  expect(judgeEntry(header({ type, mode }))).toMatchObject({ owner: { mode: expected } });
});

test.each([
  [-5, 0],
  [1.5, 1.5],
  [1e300, 253_402_300_799],
])('the time %d becomes %d', (mtimeSeconds, expected) => {
  expect(judgeEntry(header({ mtimeSeconds }))).toMatchObject({ owner: { mtimeSeconds: expected } });
});

test('an error shows no control character, no change of direction and no endless name', () => {
  const name = `\x1b[31m${Buffer.from('\u202e').toString('latin1')}${'y'.repeat(1000)}/..`;
  expect(verdict({ name: `../${name}` })).not.toMatch(/[\p{C}]/u);
  expect(verdict({ name: `../${name}` }).length).toBeLessThan(300);
});
