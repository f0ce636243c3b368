import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  mountsBelow,
  podDirectory,
  volumeFiles,
  writeVolumeFiles,
} from '../../../local/node-agent/pod-directory.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clrk-pod-directory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const data = new Map([['a', Buffer.from('1')]]);

describe('volume files', () => {
  it('writes a Secret’s keys for the owner only', () => {
    writeVolumeFiles(folder, volumeFiles(data, undefined, false));
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('1');
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
  });

  it('S14: a path that leaves the volume is refused', () => {
    expect(() => writeVolumeFiles(folder, [{ path: '../x', content: Buffer.from('1') }])).toThrow(
      'leaves its volume',
    );
  });

  it('chooses and renames by items, and says which key is missing unless optional', () => {
    expect(volumeFiles(data, [{ key: 'a', path: 'b/c' }], false).map(({ path }) => path)).toEqual(['b/c']);
    expect(() => volumeFiles(data, [{ key: 'z', path: 'z' }], false)).toThrow('non-existent key: z');
    expect(volumeFiles(data, [{ key: 'z', path: 'z' }], true)).toEqual([]);
  });
});

describe('mountsBelow', () => {
  it('finds mounts at and below the folder, deepest first, with escaped names', () => {
    const line = (path: string): string => `1 2 0:3 / ${path} rw - tmpfs tmpfs rw`;
    const info = [line('/p'), line('/p/a'), line('/p/a\\040b/c'), line('/px')].join('\n');
    expect(mountsBelow('/p', info)).toEqual(['/p/a b/c', '/p/a', '/p']);
  });
});

it('keeps pod directories short enough for Unix sockets below them', () => {
  const path = podDirectory('/root/.clrk/pods', 'b0a7c2de-1111-2222-3333-444455556666');
  expect(path).toBe('/root/.clrk/pods/b0a7c2de1111');
});
