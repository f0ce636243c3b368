import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openImageStore, type ImageStore } from '../../oci/index.ts';
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

async function open(quotaBytes = 1_000_000): Promise<ImageStore> {
  const store = await openImageStore({ directory: join(base, 'store'), quotaBytes, now: () => ++clock });
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
  expect(second.lookup(image.digest)).toEqual(image);
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
  expect(next.usage()).toEqual({ bytes: 0, images: 0 });
  expect(await readdir(join(base, 'store', 'work'))).toEqual([]);
  expect(await readdir(join(base, 'store', 'images'))).toEqual([]);
  expect((await next.pull(reference)).digest).toBe(image.digest);
});

test('the quota evicts the least recently used, never an image in use', async () => {
  const store = await open(250);
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
  expect(store.usage()).toEqual({ bytes: 200, images: 2 });
});

test.each<[string, object, string]>([
  ['another architecture', { architecture: 's390x' }, 'IMAGE_PLATFORM_MISMATCH'],
  ['zstd layers', { layerType: 'application/vnd.oci.image.layer.v1.tar+zstd' }, 'IMAGE_LAYER_UNSUPPORTED'],
  ['a hard link to nothing', { layers: [[{ name: 'h', type: 'link', linkname: 'no' }]] }, 'IMAGE_INVALID'],
])('an image of %s leaves nothing behind', async (_what, extra, code) => {
  const store = await open();
  expect(await codeOf(store.pull(await layout('bad', 'x', extra)))).toBe(code);
  expect(await readdir(join(base, 'store', 'work'))).toEqual([]);
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
