/** Our reader beside GNU tar: whatever tar writes is unpacked as tar unpacks it. */
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyUsage, extractLayer } from '../../oci/layer-extractor.ts';
import { LayerRoot } from '../../oci/layer-root.ts';
import { bytesOf, byteText } from '../../oci/tar/byte-text.ts';
import { readTar, type TarEntry } from '../../oci/tar/tar-reader.ts';
import { codeOf, sha256, temporaryDirectory } from './image-fixture.ts';

let base = '';
beforeEach(async () => {
  base = await temporaryDirectory();
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** In pieces that end anywhere. */
async function* cut(bytes: Buffer, piece: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

async function unpack(name: string, tar: Buffer, piece = 1000): Promise<string> {
  const root = join(base, name);
  mkdirSync(root);
  await extractLayer({ chunks: cut(tar, piece), diffId: sha256(tar) }, new LayerRoot(root), emptyUsage());
  return root;
}

function list(root: string): readonly string[] {
  const found: string[] = [];
  const walk = (at: Buffer, path: string): void => {
    for (const name of readdirSync(at, { encoding: 'buffer' })) {
      const full = Buffer.concat([at, Buffer.from('/'), name]);
      const stat = lstatSync(full);
      const what = stat.isDirectory()
        ? '/'
        : stat.isSymbolicLink()
          ? `-> ${readlinkSync(full)}`
          : `${stat.nlink} ${stat.mtimeMs} ${sha256(readFileSync(full))}`;
      found.push(
        `${path}/${byteText(name)} ${stat.uid}:${stat.gid} ${(stat.mode & 0o7777).toString(8)} ${what}`,
      );
      if (stat.isDirectory()) walk(full, `${path}/${byteText(name)}`);
    }
  };
  walk(Buffer.from(root), '');
  return found.sort();
}

function scene(): string {
  const from = join(base, 'from');
  mkdirSync(join(from, 'deep', 'x'.repeat(120), 'y'.repeat(120)), { recursive: true });
  writeFileSync(join(from, 'deep', 'x'.repeat(120), 'y'.repeat(120), 'file'), 'long');
  for (const name of ['caf\xe9', 'caf\xe8', 'with\nline', ' space '])
    writeFileSync(Buffer.concat([Buffer.from(`${from}/`), bytesOf(name)]), name);
  writeFileSync(join(from, 'large'), Buffer.alloc(300_000, 'abcdefg'));
  execFileSync('ln', [join(from, 'large'), join(from, 'same')]);
  execFileSync('ln', ['-s', `${'t'.repeat(150)}`, join(from, 'link')]);
  writeFileSync(join(from, 'holes'), 'head');
  truncateSync(join(from, 'holes'), 5_000_000);
  writeFileSync(join(from, 'holes'), 'tail', { flag: 'a' });
  truncateSync(join(from, 'holes'), 9_000_000);
  writeFileSync(join(from, 'hole'), '');
  truncateSync(join(from, 'hole'), 1_000_000);
  return from;
}

const dialects: ReadonlyArray<readonly string[]> = [
  ['--format=gnu'],
  ['--format=posix'],
  ['--format=gnu', '-S'],
  ['--format=posix', '-S', '--sparse-version=0.0'],
  ['--format=posix', '-S', '--sparse-version=0.1'],
  ['--format=posix', '-S', '--sparse-version=1.0'],
  ['--format=posix', '--owner=:3000000', '--group=:3000001'],
  ['--format=gnu', '--owner=:1000660000', '--group=:1000660000'],
];

test.each(dialects.map((options) => [options.join(' '), options] as const))(
  'an archive by tar %s is unpacked as tar does',
  async (_name, options) => {
    const tar = execFileSync('tar', ['-C', scene(), ...options, '-c', '.'], { maxBuffer: 2 ** 26 });
    const theirs = join(base, 'theirs');
    mkdirSync(theirs);
    execFileSync('tar', ['-C', theirs, '-xp', '--numeric-owner'], { input: tar });
    // PAX times have more digits than a double of milliseconds.
    const rounded = (root: string): readonly string[] =>
      list(root).map((line) => line.replace(/(\.\d{1,6}) /, ' '));
    for (const piece of [511, 65_536]) {
      const ours = await unpack(`ours-${piece}`, tar, piece);
      expect(rounded(ours)).toEqual(rounded(theirs));
      if (options.includes('-S')) expect(statSync(join(ours, 'holes')).blocks).toBeLessThan(1000);
    }
  },
);

test('names that are absolute lose their slash, what is after the end does not count', async () => {
  writeFileSync(join(base, 'one'), '1');
  writeFileSync(join(base, 'two'), '2');
  const one = execFileSync('tar', ['-P', '-c', join(base, 'one')], { stdio: ['ignore', 'pipe', 'ignore'] });
  const two = execFileSync('tar', ['-C', base, '-c', 'two']);
  const root = await unpack('root', Buffer.concat([one, two]));
  expect(readFileSync(join(root, base, 'one'), 'utf8')).toBe('1');
  expect(readdirSync(root)).toEqual([base.split('/')[1]]);
});

const pax = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
};

/** One entry of a flag, with a checksum. */
function block(flag: string, name: string, content = '', size = content.length): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0, 'latin1');
  head.write('0000644\0', 100);
  head.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  head.write('        ', 148);
  head.write(flag, 156);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([head, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const sparse = (map: string, size: string, stored: string): Buffer =>
  Buffer.concat([
    block('x', 'x', pax('GNU.sparse.size', size) + pax('GNU.sparse.map', map)),
    block('0', 'holey', stored),
  ]);

test.each<[string, Buffer]>([
  ['a wrong checksum', Buffer.from(block('0', 'a')).fill(0x37, 0, 1)],
  ['half a header', block('0', 'a').subarray(0, 300)],
  ['half a file', block('0', 'a', 'content').subarray(0, 514)],
  ['zeros between entries', Buffer.concat([Buffer.alloc(512), block('0', 'a')])],
  ['a record of gigabytes', block('x', 'x', '', 2 ** 32)],
  ['a PAX record that lies about its length', Buffer.concat([block('x', 'x', '9 a=b\n'), block('0', 'a')])],
  ['a PAX owner that is no number', Buffer.concat([block('x', 'x', pax('uid', '1e3')), block('0', 'a')])],
  ['a sparse map that overlaps', sparse('0,3,2,3', '10', 'abcdef')],
  ['a sparse map that is too long for its file', sparse('8,6', '10', 'abcdef')],
  ['a sparse map that has fewer bytes', sparse('0,7', '10', 'abcdef')],
  ['a sparse map of words', sparse('0,six', '10', 'abcdef')],
  ['a continued volume', block('M', 'a')],
])('%s is refused', async (_what, tar) => {
  expect(await codeOf(unpack('root', tar))).toBe('IMAGE_INVALID');
});

test('an error about a sparse file names it', async () => {
  await expect(unpack('root', sparse('0,7', '10', 'abcdef'))).rejects.toThrow(/"holey"/);
});

async function readAll(bytes: Buffer, piece: number): Promise<readonly string[]> {
  const entries: string[] = [];
  const read = async (entry: TarEntry): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of entry.pieces()) parts.push(part);
    entries.push(`${entry.header.type} ${entry.header.name} ${Buffer.concat(parts).toString('latin1')}`);
  };
  for await (const entry of readTar(cut(bytes, piece))) await read(entry);
  return entries;
}

test('where chunks end changes nothing, and damage never throws anything but our errors', async () => {
  const good = Buffer.concat([
    block('0', 'a', 'x'.repeat(700)),
    sparse('0,3,5,3', '10', 'abcdef'),
    block('5', 'd/'),
  ]);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2000 }),
      fc.nat(good.length - 1),
      fc.nat(255),
      async (piece, at, byte) => {
        expect(await readAll(good, piece)).toEqual(await readAll(good, 4096));
        const bad = Buffer.from(good);
        bad[at] = byte;
        const outcome = await codeOf(readAll(bad, piece));
        expect([undefined, 'IMAGE_INVALID']).toContain(outcome);
      },
    ),
    { numRuns: 200 },
  );
});

const zstd = (tar: Buffer, ...options: string[]): Buffer =>
  execFileSync('zstd', ['-q', '-c', ...options], { input: tar });
const tarOfText = (): Buffer => Buffer.concat([block('0', 'a', 'hello '.repeat(50_000)), Buffer.alloc(1024)]);

test.each<[string, (tar: Buffer) => Buffer]>([
  ['plain', (tar) => tar],
  ['gzip', (tar) => gzipSync(tar)],
  ['gzip in members', (tar) => Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))])],
  ['zstd', (tar) => zstd(tar)],
  ['zstd at its best', (tar) => zstd(tar, '-19')],
  ['zstd without checksum', (tar) => zstd(tar, '--no-check')],
  [
    'zstd in frames, with one to skip',
    (tar) =>
      Buffer.concat([
        zstd(tar.subarray(0, 700)),
        Buffer.from('502a4d1804000000ffffffff', 'hex'),
        zstd(tar.subarray(700)),
      ]),
  ],
])('a layer in %s is told by its bytes', async (_name, compress) => {
  const tar = tarOfText();
  for (const piece of [1, 1000, 1_000_000]) {
    const root = join(base, `root-${piece}`);
    mkdirSync(root);
    const chunks = cut(compress(tar), piece);
    await extractLayer({ chunks, diffId: sha256(tar) }, new LayerRoot(root), emptyUsage());
    expect(readFileSync(join(root, 'a'), 'utf8')).toBe('hello '.repeat(50_000));
  }
});

test('a layer by zstd --long=27 is unpacked where Node can, and elsewhere the error says what can', async () => {
  const tar = tarOfText();
  const chunks = cut(zstd(tar, '--long=27'), 65_536);
  const root = join(base, 'root');
  mkdirSync(root);
  const done = extractLayer({ chunks, diffId: sha256(tar) }, new LayerRoot(root), emptyUsage());
  if (!('createZstdDecompress' in zlib)) return expect(done).rejects.toThrow('128 MiB from Node 22.15');
  await done;
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe('hello '.repeat(50_000));
});

/** A frame of zstd that asks for a window and has these blocks. */
function frame(windowLog: number, blocks: Buffer): Buffer {
  return Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.of(0, (windowLog - 10) << 3), blocks]);
}

test.each<[string, Buffer]>([
  ['a window of gigabytes', frame(31, Buffer.from('010000', 'hex'))],
  ['a million blocks of one byte', frame(23, Buffer.from('0a000061'.repeat(1_000_000), 'hex'))],
  ['half a frame', zstd(tarOfText()).subarray(0, 30)],
  ['something after it', Buffer.concat([zstd(tarOfText()), Buffer.from('something')])],
])('a layer of zstd with %s is refused', async (_what, bytes) => {
  const root = join(base, 'root');
  mkdirSync(root);
  const chunks = cut(bytes, 65_536);
  expect(await codeOf(extractLayer({ chunks, diffId: sha256('') }, new LayerRoot(root), emptyUsage()))).toBe(
    'IMAGE_INVALID',
  );
});
