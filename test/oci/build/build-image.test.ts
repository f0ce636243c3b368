import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildImage, listImages, openImageStore } from '../../../oci/index.ts';
import { codeOf, temporaryDirectory } from '../image-fixture.ts';

const run = promisify(execFile);
let base = '';
beforeAll(async () => {
  base = await temporaryDirectory();
});
afterAll(() => rm(base, { recursive: true, force: true }));

const agent = `
  import { helper } from './helper.ts';
  const input: string[] = [];
  for await (const chunk of process.stdin) input.push(String(chunk));
  process.stdout.write(helper(input.join('')));
`;

async function source(folder: string): Promise<string> {
  await mkdir(join(base, folder), { recursive: true });
  await writeFile(
    join(base, folder, 'helper.ts'),
    "export const helper = (text: string) => 'heard ' + text;",
  );
  await writeFile(join(base, folder, 'agent.ts'), agent);
  return join(base, folder, 'agent.ts');
}

test('the same source gives the same digest, wherever and whenever it is built', async () => {
  const one = await buildImage({
    entry: await source('a'),
    name: 'x:1',
    output: join(base, 'l1'),
    cache: join(base, 'c1'),
  });
  const two = await buildImage({
    entry: await source('b'),
    name: 'x:1',
    output: join(base, 'l2'),
    cache: join(base, 'c2'),
  });
  expect(two.digest).toBe(one.digest);
  const other = await buildImage({
    entry: await source('a'),
    name: 'y:1',
    output: join(base, 'l1'),
    cache: join(base, 'c1'),
    files: [{ kind: 'file', path: 'app/more', mode: 0o644, content: Buffer.from('more') }],
  });
  expect(other.digest).not.toBe(one.digest);
  const listed = await listImages(join(base, 'l1'));
  expect(listed.map(({ name, digest, sizeBytes }) => ({ name, digest, sizeBytes }))).toEqual([
    { name: 'docker.io/library/x:1', digest: one.digest, sizeBytes: one.sizeBytes },
    { name: 'docker.io/library/y:1', digest: other.digest, sizeBytes: other.sizeBytes },
  ]);
}, 60_000);

test('the built agent runs in its own root with nothing of the host', async () => {
  await using store = await openImageStore({ directory: join(base, 'store') });
  const image = await store.pull(`oci-layout:${join(base, 'l1')}:docker.io/library/x:1`);
  // Without it an agent that used fetch outlives its answer (build-image.ts).
  expect(image.config.entrypoint).toContain('--wasm-tiering-budget=100000000');
  const running = run('chroot', [
    '--userspec',
    image.config.user,
    image.rootfsPath,
    ...image.config.entrypoint,
  ]);
  running.child.stdin?.end('you');
  expect((await running).stdout).toBe('heard you');
}, 60_000);

test('an agent that does not compile or is not there says where', async () => {
  await writeFile(join(base, 'bad.ts'), "import x from 'not-installed';\nx();");
  const bad = buildImage({ entry: join(base, 'bad.ts'), name: 'bad', output: join(base, 'l3') });
  await expect(bad).rejects.toMatchObject({
    code: 'IMAGE_BUILD_FAILED',
    message: expect.stringContaining('bad.ts:1'),
  });
  expect(
    await codeOf(buildImage({ entry: join(base, 'none.ts'), name: 'x', output: join(base, 'l3') })),
  ).toBe('IMAGE_BUILD_FAILED');
});
