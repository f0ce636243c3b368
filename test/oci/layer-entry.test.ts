import { expect, test } from 'vitest';
import { judgeEntry } from '../../oci/layer-entry.ts';

const kindOf = (header: Parameters<typeof judgeEntry>[0]): string => {
  const action = judgeEntry(header);
  return action.kind === 'skip' ? `skip ${action.reason}` : action.kind;
};

test.each([
  [{ name: 'a', type: 'file' }, 'file'],
  [{ name: 'a', type: 'contiguous-file' }, 'file'],
  [{ name: 'a/', type: 'directory' }, 'directory'],
  [{ name: './', type: 'directory' }, 'directory'],
  [{ name: './', type: 'file' }, 'skip path'],
  [{ name: '/etc/passwd', type: 'file' }, 'skip path'],
  [{ name: '../x', type: 'file' }, 'skip path'],
  [{ name: 'a/../../x', type: 'directory' }, 'skip path'],
  [{ name: 'a', type: 'symlink', linkname: '/etc' }, 'symlink'],
  [{ name: 'a', type: 'symlink', linkname: '' }, 'skip link'],
  [{ name: 'a', type: 'symlink', linkname: 'x\0y' }, 'skip link'],
  [{ name: 'a', type: 'link', linkname: 'b' }, 'hardlink'],
  [{ name: 'a', type: 'link', linkname: '/b' }, 'hardlink'],
  [{ name: 'a', type: 'link', linkname: '../b' }, 'skip link'],
  [{ name: 'a', type: 'link', linkname: null }, 'skip link'],
  [{ name: 'dev/sda', type: 'block-device' }, 'skip special'],
  [{ name: 'dev/null', type: 'character-device' }, 'skip special'],
  [{ name: 'pipe', type: 'fifo' }, 'skip special'],
  [{ name: 'a/.wh.b', type: 'file' }, 'whiteout'],
  [{ name: 'a/.wh..wh..opq', type: 'file' }, 'opaque'],
  [{ name: 'a/.wh...', type: 'file' }, 'skip whiteout'],
  [{ name: 'a/.wh..', type: 'file' }, 'skip whiteout'],
  [{ name: 'a/.wh.', type: 'file' }, 'skip whiteout'],
  [{ name: '.wh..wh.plnk', type: 'directory' }, 'skip whiteout'],
])('%j is %s', (header, kind) => {
  expect(kindOf(header)).toBe(kind);
});

test.each([
  ['file', 0o6755, 0o755],
  ['file', 0o1777, 0o777],
  ['directory', 0o7777, 0o1777],
])('a %s of mode %o becomes %o', (type, mode, expected) => {
  expect(judgeEntry({ name: 'a', type, mode })).toMatchObject({ owner: { mode: expected } });
});

test('owners and times that make no sense become zero', () => {
  const action = judgeEntry({ name: 'a', type: 'file', uid: -1, gid: 2 ** 40, mtime: new Date(NaN) });
  expect(action).toMatchObject({ owner: { uid: 0, gid: 0, mtime: new Date(0) } });
});
