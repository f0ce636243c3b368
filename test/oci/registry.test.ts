/** Push and pull through a real registry (the pinned `registry` binary). */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildRootfsImage, openImageStore, pushImage, textFile } from '../../oci/index.ts';
import { codeOf, temporaryDirectory } from './image-fixture.ts';

const binary = join(
  process.env['CLRK_CACHE'] ?? join(homedir(), '.cache', 'clrk'),
  'tools',
  'registry',
  '3.0.0',
  'registry',
);
let base = '';
let host = '';
let registry: ChildProcess | undefined;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startRegistry(): Promise<void> {
  registry = spawn(binary, ['serve', join(base, 'registry.yml')], { stdio: 'ignore' });
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const up = await fetch(`http://${host}/v2/`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return;
    await delay(50);
  }
  throw new Error('the registry did not start');
}

async function stopRegistry(): Promise<void> {
  if (registry === undefined || registry.exitCode !== null) return;
  const ended = new Promise((resolve) => registry?.once('exit', resolve));
  registry.kill('SIGKILL');
  await ended;
}

beforeAll(async () => {
  base = await temporaryDirectory();
  const port = await freePort();
  host = `127.0.0.1:${port}`;
  const storage = `storage: {filesystem: {rootdirectory: ${join(base, 'registry')}}}`;
  const log = 'log: {level: error, accesslog: {disabled: true}}';
  await writeFile(join(base, 'registry.yml'), `version: 0.1\n${log}\n${storage}\nhttp: {addr: '${host}'}\n`);
  await startRegistry();
});
afterAll(async () => {
  await stopRegistry();
  await rm(base, { recursive: true, force: true });
});

async function build(name: string, text: string): Promise<string> {
  const files = [textFile('app/text', text)];
  const config = { entrypoint: ['/bin/true'], user: '7' };
  const image = await buildRootfsImage({ name, files, config, output: join(base, 'layout') });
  return image.digest;
}

test('what is pushed is what is pulled; what the registry has is not sent again', async () => {
  const name = `${host}/examples/hello:1`;
  const digest = await build(name, 'first');
  const pushed = await pushImage({ name, layout: join(base, 'layout') });
  expect(pushed).toEqual({ reference: name, digest, blobsSent: 2 });
  expect((await pushImage({ name, layout: join(base, 'layout') })).blobsSent).toBe(0);
  await using store = await openImageStore({ directory: join(base, 'store') });
  const [one, two] = await Promise.all([store.pull(name), store.pull(`${host}/examples/hello@${digest}`)]);
  expect([one.digest, two.digest, one.config.user]).toEqual([digest, digest, '7']);
  expect(await readFile(join(one.rootfsPath, 'app/text'), 'utf8')).toBe('first');
});

test('a moved tag is a new image; with the registry away the known one serves', async () => {
  const name = `${host}/examples/moving:1`;
  const first = await build(name, 'one');
  await pushImage({ name, layout: join(base, 'layout') });
  await using store = await openImageStore({ directory: join(base, 'moving') });
  expect((await store.pull(name)).digest).toBe(first);
  const second = await build(name, 'two');
  await pushImage({ name, layout: join(base, 'layout') });
  expect((await store.pull(name)).digest).toBe(second);
  await stopRegistry();
  expect((await store.pull(name)).digest).toBe(second);
  expect(await codeOf(store.pull(`${host}/examples/unknown:1`))).toBe('REGISTRY_UNREACHABLE');
  await startRegistry();
});

test('a name that is not there says so and leaves nothing', async () => {
  await using store = await openImageStore({ directory: join(base, 'empty') });
  expect(await codeOf(store.pull(`${host}/no/such:1`))).toBe('IMAGE_NOT_FOUND');
  expect(await codeOf(store.pull(`${host}/examples/hello:2`))).toBe('IMAGE_NOT_FOUND');
  expect(await readdir(join(base, 'empty', 'work'))).toEqual([]);
});
