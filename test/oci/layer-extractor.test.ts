import { lstat, mkdir, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyUsage, extractLayer, type ExtractionLimits } from '../../oci/layer-extractor.ts';
import { LayerRoot } from '../../oci/layer-root.ts';
import { codeOf, sha256, tarOf, temporaryDirectory, type Entry } from './image-fixture.ts';

let base = '';
let root = '';
beforeEach(async () => {
  base = await temporaryDirectory();
  root = join(base, 'root');
  await mkdir(join(base, 'host'));
  await mkdir(root);
  await writeFile(join(base, 'host', 'canary'), 'untouched');
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const limits: ExtractionLimits = { maxBytes: 1024 * 1024, maxEntries: 100 };

async function unpack(...layers: readonly (readonly Entry[])[]): Promise<ReturnType<typeof emptyUsage>> {
  const layerRoot = new LayerRoot(root);
  const usage = emptyUsage();
  for (const layer of layers) {
    const tar = await tarOf(layer);
    const bytes = gzipSync(tar);
    await extractLayer({ chunks: once(bytes), diffId: sha256(tar) }, layerRoot, usage, {
      limits,
    });
  }
  return usage;
}

const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

test('files, directories, links, owners, modes and times arrive', async () => {
  const mtime = new Date('2020-01-02T03:04:05Z');
  await unpack([
    { name: 'bin', type: 'directory', mode: 0o755 },
    { name: 'bin/tool', content: 'x', mode: 0o750, uid: 12, gid: 34, mtime },
    { name: 'bin/alias', type: 'symlink', linkname: 'tool' },
    { name: 'bin/same', type: 'link', linkname: 'bin/tool' },
    { name: 'deep/er/file', content: 'y' },
  ]);
  const tool = await lstat(join(root, 'bin/tool'));
  expect([tool.mode & 0o7777, tool.uid, tool.gid, tool.mtimeMs, tool.nlink]).toEqual([
    0o750,
    12,
    34,
    mtime.getTime(),
    2,
  ]);
  expect(await readlink(join(root, 'bin/alias'))).toBe('tool');
  expect(await read('deep/er/file')).toBe('y');
});

/** Each tries to write, link or remove outside the root. */
test.each<[string, readonly (readonly Entry[])[]]>([
  ['climbing name', [[{ name: '../host/canary', content: 'bad' }]]],
  ['absolute name', [[{ name: '/host/canary', content: 'bad' }]]],
  [
    'link, then through it',
    [
      [
        { name: 'l', type: 'symlink', linkname: '../host' },
        { name: 'l/canary', content: 'bad' },
      ],
    ],
  ],
  [
    'link, then something new through it',
    [
      [
        { name: 'l', type: 'symlink', linkname: '../host' },
        { name: 'l/new', content: 'bad' },
        { name: 'l/folder', type: 'directory' },
      ],
    ],
  ],
  [
    'link in a lower layer',
    [[{ name: 'l', type: 'symlink', linkname: '../host' }], [{ name: 'l/canary', content: 'bad' }]],
  ],
  [
    'link as the file itself',
    [
      [
        { name: 'l', type: 'symlink', linkname: '../host/canary' },
        { name: 'l', content: 'bad' },
      ],
    ],
  ],
  [
    'links in a row',
    [
      [
        { name: 'a', type: 'symlink', linkname: '..' },
        { name: 'b', type: 'symlink', linkname: 'a/../host' },
        { name: 'b/canary', content: 'bad' },
      ],
    ],
  ],
  [
    'directory over a link',
    [
      [
        { name: 'l', type: 'symlink', linkname: '../host' },
        { name: 'l', type: 'directory', mode: 0o777 },
        { name: 'l/canary', content: 'bad' },
      ],
    ],
  ],
  [
    'whiteout through a link',
    [[{ name: 'l', type: 'symlink', linkname: '../host' }], [{ name: 'l/.wh.canary', content: '' }]],
  ],
  [
    'opaque through a link',
    [[{ name: 'l', type: 'symlink', linkname: '../host' }], [{ name: 'l/.wh..wh..opq', content: '' }]],
  ],
  ['whiteout of the parent', [[{ name: '.wh...', content: '' }]]],
  [
    'hard link that climbs',
    [
      [
        { name: 'h', type: 'link', linkname: '../host/canary' },
        { name: 'h', content: 'bad' },
      ],
    ],
  ],
])('S14: a layer with a %s stays in its root', async (_what, layers) => {
  await unpack(...layers).catch((thrown: { code?: string }) => expect(thrown.code).toBe('IMAGE_INVALID'));
  expect(await readFile(join(base, 'host', 'canary'), 'utf8')).toBe('untouched');
  expect(await readdir(join(base, 'host'))).toEqual(['canary']);
  expect((await readdir(base)).sort()).toEqual(['host', 'root']);
});

test('S14: a hard link through a link cannot reach a file of the host', async () => {
  const layer: readonly Entry[] = [
    { name: 'l', type: 'symlink', linkname: '../host' },
    { name: 'h', type: 'link', linkname: 'l/canary' },
  ];
  expect(await codeOf(unpack(layer))).toBe('IMAGE_INVALID');
  expect((await lstat(join(base, 'host', 'canary'))).nlink).toBe(1);
});

test('S14: no set-id bits, no devices, no pipes', async () => {
  const usage = await unpack([
    { name: 'su', content: 'x', mode: 0o6755 },
    { name: 'dir', type: 'directory', mode: 0o6777 },
    { name: 'null', type: 'character-device' },
    { name: 'disk', type: 'block-device' },
    { name: 'pipe', type: 'fifo' },
  ]);
  expect((await readdir(root)).sort()).toEqual(['dir', 'su']);
  expect((await lstat(join(root, 'su'))).mode & 0o7777).toBe(0o755);
  expect((await lstat(join(root, 'dir'))).mode & 0o7777).toBe(0o777);
  expect(usage.skipped.special).toBe(3);
});

test('whiteouts and opaque directories hide lower layers and spare their own', async () => {
  await unpack(
    [
      { name: 'a/1', content: '1' },
      { name: 'a/2', content: '2' },
      { name: 'o/old', content: 'old' },
      { name: 'o/sub/old', content: 'old' },
    ],
    [
      { name: 'a/.wh.1', content: '' },
      { name: 'o/sub/new', content: 'new' },
      { name: 'o/.wh..wh..opq', content: '' },
      { name: 'o/late', content: 'late' },
    ],
  );
  expect(await readdir(join(root, 'a'))).toEqual(['2']);
  expect((await readdir(join(root, 'o'), { recursive: true })).sort()).toEqual(['late', 'sub', 'sub/new']);
});

test('an upper layer changes the kind of an entry', async () => {
  await unpack(
    [
      { name: 'x/y', content: '1' },
      { name: 'z', content: 'z' },
    ],
    [
      { name: 'x', content: 'file' },
      { name: 'z/inside', content: '2' },
    ].filter(({ name }) => name === 'x'),
  );
  expect(await read('x')).toBe('file');
});

test('a hard link to itself keeps the file', async () => {
  await unpack([
    { name: 'f', content: 'kept' },
    { name: 'f', type: 'link', linkname: 'f' },
  ]);
  expect(await read('f')).toBe('kept');
});

test.each<[string, readonly Entry[], string]>([
  [
    'too many entries',
    Array.from({ length: 101 }, (_none, index) => ({ name: `f${index}`, content: '' })),
    'IMAGE_TOO_LARGE',
  ],
  [
    'more in files than in any one of them',
    Array.from({ length: 20 }, (_none, index) => ({ name: `f${index}`, content: '\0'.repeat(128 * 1024) })),
    'IMAGE_TOO_LARGE',
  ],
  ['a compression bomb', [{ name: 'zeros', content: '\0'.repeat(2 * 1024 * 1024) }], 'IMAGE_TOO_LARGE'],
  [
    'a loop of links',
    [
      { name: 'a', type: 'symlink', linkname: 'b' },
      { name: 'b', type: 'symlink', linkname: 'a' },
      { name: 'a/x', content: '' },
    ],
    'IMAGE_INVALID',
  ],
])('S54: %s is refused', async (_what, entries, code) => {
  expect(await codeOf(unpack(entries))).toBe(code);
});

test.each<[string, (tar: Buffer) => Buffer, string]>([
  ['not gzip', () => Buffer.from('hello'), 'IMAGE_INVALID'],
  ['cut short', (tar) => gzipSync(tar).subarray(0, 40), 'IMAGE_INVALID'],
  ['gzip of no tar', () => gzipSync(Buffer.alloc(2048, 'x')), 'IMAGE_INVALID'],
  ['a tar cut short', (tar) => gzipSync(tar.subarray(0, 700)), 'IMAGE_INVALID'],
  ['another tar', () => gzipSync(Buffer.alloc(1024)), 'IMAGE_DIGEST_MISMATCH'],
])('a layer that is %s', async (_what, spoil, code) => {
  const tar = await tarOf([{ name: 'file', content: 'x'.repeat(600) }]);
  const layer = { chunks: once(spoil(tar)), diffId: sha256(tar) } as const;
  expect(await codeOf(extractLayer(layer, new LayerRoot(root), emptyUsage(), { limits }))).toBe(code);
});
