import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openImageStore, type ImageStore, type ImageStoreOptions } from '../../oci/index.ts';
import { codeOf, temporaryDirectory, writeLayout } from './image-fixture.ts';

let base = '';
let clock = 0;
const stores: ImageStore[] = [];
beforeEach(async () => {
  base = await temporaryDirectory();
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

async function open(quotaBytes = 1_000_000, more: Partial<ImageStoreOptions> = {}): Promise<ImageStore> {
  const directory = join(base, 'store');
  const store = await openImageStore({ directory, quotaBytes, now: () => ++clock, ...more });
  stores.push(store);
  return store;
}

async function layout(name: string, content: string, extra: object = {}): Promise<string> {
  await writeLayout(join(base, name), { layers: [[{ name: 'file', content }]], ...extra });
  return `oci-layout:${join(base, name)}`;
}

test('an image is extracted once, with its config, and found again after a restart', async () => {
  const config = { Entrypoint: ['/a'], Cmd: ['b'], Env: ['X=1'], User: '7', WorkingDir: '/w' };
  const reference = await layout('one', 'hello', { config });
  const first = await open();
  const image = await first.pull(reference);
  expect(image.config).toEqual({ entrypoint: ['/a'], cmd: ['b'], env: ['X=1'], user: '7', workingDir: '/w' });
  expect(await readFile(join(image.rootfsPath, 'file'), 'utf8')).toBe('hello');
  const { ino } = await stat(image.rootfsPath);
  const [again, other] = await Promise.all([first.pull(reference), first.pull(`${reference}:latest`)]);
  expect([again.digest, other.digest]).toEqual([image.digest, image.digest]);
  await first[Symbol.asyncDispose]();
  const second = await open();
  expect(image).toMatchObject(second.lookup(image.digest) ?? { digest: 'none' });
  await second.pull(reference);
  expect((await stat(image.rootfsPath)).ino).toBe(ino);
});

test('what a crash left is cleared, what is damaged is pulled anew', async () => {
  const reference = await layout('one', 'hello');
  const store = await open();
  const image = await store.pull(reference);
  await store[Symbol.asyncDispose]();
  await mkdir(join(base, 'store', 'work', 'half'));
  await mkdir(join(base, 'store', 'images', 'f'.repeat(64), 'rootfs'), { recursive: true });
  await writeFile(join(image.rootfsPath, '..', 'image.json'), '{"version":1');
  const next = await open();
  expect(next.usage()).toEqual({ bytes: 0, inodes: 0, images: 0 });
  expect(await readdir(join(base, 'store', 'work'))).toEqual([]);
  expect(await readdir(join(base, 'store', 'images'))).toEqual([]);
  expect((await next.pull(reference)).digest).toBe(image.digest);
});

test('the quota evicts the least recently used, never an image in use', async () => {
  const store = await open(120_000);
  const references = await Promise.all(['a', 'b', 'c', 'd'].map((name) => layout(name, name.repeat(100))));
  const pull = async (index: number) => store.pull(references[index] ?? '');
  const a = await pull(0);
  const lease = store.acquire(a.digest);
  const b = await pull(1);
  const c = await pull(2);
  expect([a, b, c].map((image) => store.lookup(image.digest) !== undefined)).toEqual([true, false, true]);
  expect(() => store.acquire(b.digest)).toThrowError(expect.objectContaining({ code: 'IMAGE_NOT_PULLED' }));
  expect(await stat(b.rootfsPath).catch(() => 'gone')).toBe('gone');
  lease.release();
  lease.release();
  store.acquire(c.digest);
  await pull(3);
  expect([a, c].map((image) => store.lookup(image.digest) !== undefined)).toEqual([false, true]);
  expect(store.usage().images).toBe(2);
  expect(store.usage().bytes).toBeLessThan(120_000);
});

test.each<[string, object, string]>([
  ['another architecture', { architecture: 's390x' }, 'IMAGE_PLATFORM_MISMATCH'],
  [
    'a file below a file',
    { layers: [[{ name: 'f', content: '' }], [{ name: 'f/x', content: '' }]] },
    'IMAGE_INVALID',
  ],
  ['a hard link to nothing', { layers: [[{ name: 'h', type: 'link', linkname: 'no' }]] }, 'IMAGE_INVALID'],
])('an image of %s leaves nothing behind', async (_what, extra, code) => {
  const store = await open();
  expect(await codeOf(store.pull(await layout('bad', 'x', extra)))).toBe(code);
  // A layer that was being unpacked beside the bad one is taken away when its last write has ended.
  await expect.poll(() => readdir(join(base, 'store', 'work')), { timeout: 20_000 }).toEqual([]);
  expect(store.usage().images).toBe(0);
});

test('a blob that was changed on disk is refused', async () => {
  const reference = await layout('one', 'hello');
  const blobs = join(base, 'one', 'blobs', 'sha256');
  for (const name of await readdir(blobs)) {
    const bytes = await readFile(join(blobs, name));
    if (bytes[0] !== 0x1f) continue;
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(join(blobs, name), bytes);
  }
  expect(await codeOf((await open()).pull(reference))).toBe('IMAGE_DIGEST_MISMATCH');
});

test('a layout that is not there, and a closed store', async () => {
  const store = await open();
  expect(await codeOf(store.pull(`oci-layout:${join(base, 'nowhere')}`))).toBe('IMAGE_NOT_FOUND');
  await store[Symbol.asyncDispose]();
  expect(await codeOf(store.pull(`oci-layout:${join(base, 'nowhere')}`))).toBe('IMAGE_PULL_ABORTED');
});

test('what is named by digest and on the disk needs no source; a tag does', async () => {
  const reference = await layout('one', 'hello');
  const store = await open();
  const { digest } = await store.pull(reference);
  await rm(join(base, 'one'), { recursive: true });
  expect((await store.pull(`${reference}@${digest}`)).digest).toBe(digest);
  expect((await store.pull(`oci-layout:/elsewhere@${digest}`)).digest).toBe(digest);
  expect(await codeOf(store.pull(reference))).toBe('IMAGE_NOT_FOUND');
});

test('a pinned name stays what it was first, also after a restart; others follow the tag', async () => {
  const reference = await layout('one', 'first');
  const store = await open();
  const first = await store.pull(reference, { pin: 'ns/r1' });
  await layout('one', 'second');
  const second = await store.pull(reference, { pin: 'ns/r2' });
  expect(second.digest).not.toBe(first.digest);
  expect((await store.pull(reference, { pin: 'ns/r1' })).digest).toBe(first.digest);
  await store[Symbol.asyncDispose]();
  const next = await open();
  expect((await next.pull(reference, { pin: 'ns/r1' })).digest).toBe(first.digest);
  expect((await next.pull(reference)).digest).toBe(second.digest);
});

test('a layer that images share is on the disk once, and stays until the last of them goes', async () => {
  const shared = [{ name: 'shared', content: 's'.repeat(10_000) }];
  const references = await Promise.all(
    ['a', 'b'].map((name) => layout(name, name, { layers: [shared, [{ name, content: name }]] })),
  );
  const store = await open();
  const [a, b] = await Promise.all(references.map((reference) => store.pull(reference)));
  const inode = async (image = a): Promise<number> =>
    (await stat(join(image?.rootfsPath ?? '', 'shared'))).ino;
  expect(await inode(a)).toBe(await inode(b));
  expect(await readdir(join(base, 'store', 'layers'))).toHaveLength(3);
  await store[Symbol.asyncDispose]();
  const next = await open(1);
  const lease = next.acquire(b?.digest ?? '');
  const c = await next.pull(await layout('c', 'c'));
  expect([a, b, c].map((image) => next.lookup(image?.digest ?? '') !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
  expect(await readFile(join(b?.rootfsPath ?? '', 'shared'), 'utf8')).toBe('s'.repeat(10_000));
  lease.release();
});

test('the image that a pull ends with can be acquired in the same turn, whatever else is pulled', async () => {
  const references = await Promise.all(['a', 'b', 'c', 'd'].map((name) => layout(name, name)));
  for (let round = 0; round < 5; round++) {
    const store = await openImageStore({ directory: join(base, `round-${round}`), quotaBytes: 1 });
    stores.push(store);
    const outcomes = references.map(async (reference) => store.acquire((await store.pull(reference)).digest));
    expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual(
      references.map(() => 'fulfilled'),
    );
  }
});

test('folders and empty files count against the quota, in bytes and in number', async () => {
  const folders = Array.from({ length: 200 }, (_none, index) => ({ name: `d${index}`, type: 'directory' }));
  const empty = await layout('empty', '', { layers: [folders] });
  const byBytes = await open(500_000);
  const image = await byBytes.pull(empty);
  expect(byBytes.usage().bytes).toBeGreaterThan(500_000);
  await byBytes.pull(await layout('next', 'x'));
  expect(byBytes.lookup(image.digest)).toBeUndefined();
  await byBytes[Symbol.asyncDispose]();
  const byNumber = await open(1_000_000_000, { quotaInodes: 200 });
  await byNumber.pull(empty);
  await byNumber.pull(await layout('next', 'y'));
  expect(byNumber.lookup(image.digest)).toBeUndefined();
});

test('an image whose root is mounted is never evicted, though nobody holds it', async () => {
  let mountinfo = '';
  const store = await open(1, { mountinfo: () => Promise.resolve(mountinfo) });
  const a = await store.pull(await layout('a', 'a'));
  mountinfo = `1 2 0:3 / /r ro - overlay clrk ro,lowerdir=/layer:${a.rootfsPath}\n`;
  const b = await store.pull(await layout('b', 'b'));
  await store.pull(await layout('c', 'c'));
  expect([a, b].map(({ digest }) => store.lookup(digest) !== undefined)).toEqual([true, false]);
});

test('a full disk takes idle images first, and says so only when there are none', async () => {
  const disk = join(base, 'disk');
  await mkdir(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'clrk-test', disk]);
  try {
    const store = await openImageStore({ directory: join(disk, 'store') });
    const references = await Promise.all(
      ['a', 'b', 'c'].map((name) => layout(name, randomBytes(600_000).toString('hex'))),
    );
    const [a, b, c] = references;
    await store.pull(a ?? '');
    const held = store.acquire((await store.pull(b ?? '')).digest);
    const stays = store.acquire((await store.pull(c ?? '')).digest);
    expect(store.usage().images).toBe(2);
    const last = store.pull(a ?? '');
    await expect(last).rejects.toMatchObject({ code: 'IMAGE_DISK_FULL', retryable: true });
    held.release();
    expect((await store.pull(a ?? '')).digest).toBeDefined();
    stays.release();
    await store[Symbol.asyncDispose]();
  } finally {
    execFileSync('umount', ['-l', disk]);
  }
});
