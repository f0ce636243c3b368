import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provideBundle } from '../../../bin/bundle.mjs';
import { packageFiles } from '../../../oci/build/package-files.ts';
import { programFiles } from '../../../oci/build/program-files.ts';
import { buildNatsImage, buildPlatformImage, openImageStore, type BuiltImage } from '../../../oci/index.ts';
import { natsProgram, platformProgram } from '../../../local/platform-program.ts';
import { temporaryDirectory } from '../image-fixture.ts';

const run = promisify(execFile);
let base = '';
beforeAll(async () => {
  base = await temporaryDirectory();
});
afterAll(() => rm(base, { recursive: true, force: true }));

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(base, folder, path)), { recursive: true });
    await writeFile(join(base, folder, path), text);
  }
  return join(base, folder);
}

const program = {
  'clrk.mjs': `import{a}from"./chunk-a.mjs";const b=()=>import('./chunk-b.mjs');`,
  'clrk.mjs.map': '{}',
  'chunk-a.mjs': `import "./chunk-b.mjs"; export const a = 1;`,
  'chunk-b.mjs': `import "./clrk.mjs"; export default 2;`,
  'chunk-of-yesterday.mjs': 'export default 0;',
};
const packages = {
  'koffi/package.json': JSON.stringify({ optionalDependencies: { '@k/here': '1', '@k/elsewhere': '1' } }),
  'koffi/index.js': 'exports.x = 1;',
  'koffi/index.d.ts': 'export {};',
  'koffi/LICENSE.txt': 'MIT',
  '@k/here/package.json': '{}',
  '@k/here/musl_x64/k.node': 'for another C library',
  'chdb/package.json': JSON.stringify({ dependencies: { shared: '1' } }),
  'chdb/index.js': 'exports.y = 2;',
  'shared/package.json': JSON.stringify({ dependencies: { chdb: '1' } }),
  'unrelated/package.json': '{}',
};

describe('the program', () => {
  test('is its entry and what that can load, not what lies beside it', async () => {
    const files = await programFiles(join(await write('program', program), 'clrk.mjs'), 'app');
    expect(files.map(({ path }) => path).sort()).toEqual([
      'app/chunk-a.mjs',
      'app/chunk-b.mjs',
      'app/clrk.mjs',
      'app/clrk.mjs.map',
    ]);
  });

  test('that is not built says how', async () => {
    await expect(programFiles(join(base, 'none.mjs'), 'app')).rejects.toMatchObject({
      code: 'IMAGE_BUILD_FAILED',
      hint: expect.stringContaining('npx clrk'),
    });
  });
});

describe('its packages', () => {
  test('come with what they need, without what never runs', async () => {
    const files = await packageFiles(await write('modules', packages), ['koffi', 'chdb'], 'app');
    const paths = files.filter(({ kind }) => kind !== 'directory').map(({ path }) => path);
    expect(paths.map((path) => path.replace('app/node_modules/', '')).sort()).toEqual([
      '@k/here/package.json',
      'chdb/index.js',
      'chdb/package.json',
      'koffi/LICENSE.txt',
      'koffi/index.js',
      'koffi/package.json',
      'shared/package.json',
    ]);
  });

  test('that are not installed are named', async () => {
    await expect(packageFiles(await write('modules', packages), ['missing'], 'app')).rejects.toMatchObject({
      code: 'IMAGE_BUILD_FAILED',
      message: expect.stringContaining('missing'),
    });
  });
});

/** Every file of a layout by its path. */
async function bytesOf(layout: string): Promise<ReadonlyMap<string, Buffer>> {
  const names = (await readdir(layout, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  const paths = names.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(layout.length), await readFile(path)] as const)),
  );
}

test('the same inputs give the same bytes, wherever and whenever they lie there', async () => {
  const build = async (at: string): Promise<ReadonlyMap<string, Buffer>> => {
    await write(`${at}/build`, program);
    await write(`${at}/node_modules`, packages);
    const output = join(base, at, 'layout');
    await buildPlatformImage({
      name: 'clrk.example/clrk:1',
      program: join(base, at, 'build/clrk.mjs'),
      packages: join(base, at, 'node_modules'),
      tools: { runsc: '/bin/true' },
      output,
      cache: join(base, at, 'cache'),
    });
    return bytesOf(output);
  };
  const one = await build('one');
  await write('two/build', program);
  await utimes(join(base, 'two/build/clrk.mjs'), 1, 1);
  const two = await build('two');
  expect([...two.keys()]).toEqual([...one.keys()]);
  for (const [path, bytes] of one) expect(two.get(path)?.equals(bytes), path).toBe(true);
  const index = JSON.parse(one.get('/index.json')?.toString('utf8') ?? '{}') as object;
  expect(index).toMatchObject({
    manifests: [
      { annotations: { 'io.containerd.image.name': 'clrk.example/clrk:1' }, platform: { os: 'linux' } },
    ],
  });
}, 120_000);

describe('the image as people build it', () => {
  let built: BuiltImage;
  let root = '';
  beforeAll(async () => {
    await provideBundle();
    const parts = await platformProgram(() => undefined);
    built = await buildPlatformImage({
      ...parts,
      name: 'clrk.apoxy.dev/clrk:0.1.0',
      output: join(base, 'real'),
    });
    await using store = await openImageStore({ directory: join(base, 'store') });
    const image = await store.pull(`oci-layout:${built.layout}:${built.name}`);
    expect(image.config.user).toBe('65532:65532');
    root = join(base, 'root');
    await cp(image.rootfsPath, root, { recursive: true, verbatimSymlinks: true });
    await mkdir(join(root, 'dev'), { recursive: true });
    await writeFile(join(root, 'dev/null'), '');
    // runsc reads it before anything else.
    await mkdir(join(root, 'proc/sys/vm'), { recursive: true });
    await writeFile(join(root, 'proc/sys/vm/mmap_min_addr'), '65536');
  }, 300_000);

  const inside = async (...words: string[]): Promise<string> =>
    (await run('chroot', [root, ...words], { cwd: '/' })).stdout;

  const byName = 'add table inet x; add chain inet x y; add rule inet x y meta l4proto ipv6-icmp accept';
  test.each([
    ['the program', ['/usr/local/bin/node', '/app/clrk.mjs', 'version', '--client'], /0\.1\.0/],
    ['runsc', ['/usr/local/bin/runsc', '--version'], /runsc version/],
    ['ip', ['/usr/bin/ip', '-V'], /iproute2/],
    ['nft', ['/usr/bin/nft', '--version'], /nftables/],
    ['nft, which knows protocols by name', ['/usr/bin/nft', '--check', byName], /^$/],
    ['nsenter', ['/usr/bin/nsenter', '--version'], /util-linux/],
    ['mount', ['/usr/bin/mount', '--version'], /util-linux/],
    ['sync', ['/usr/bin/sync', '--version'], /coreutils/],
    ['umount', ['/usr/bin/umount', '--version'], /util-linux/],
  ] as const)('runs %s', async (_, words, expected) => {
    expect(await inside(...words)).toMatch(expected);
  });

  test.each([
    [
      'koffi',
      `import koffi from 'koffi'; console.log(koffi.load('libc.so.6').func('int getpid()')() > 0)`,
      /true/,
    ],
    ['chdb', `import { query } from 'chdb'; console.log(query('select 6 * 7', 'CSV'))`, /42/],
  ])('loads %s', async (_, code, expected) => {
    await writeFile(join(root, 'app/probe.mjs'), code);
    expect(await inside('/usr/local/bin/node', '/app/probe.mjs')).toMatch(expected);
  });
});

test('NATS is the pinned one, and takes the arguments of its publisher’s image', async () => {
  const built = await buildNatsImage({ ...(await natsProgram(() => undefined)), output: join(base, 'nats') });
  expect(built.name).toBe('docker.io/library/nats:2.12.0');
  await using store = await openImageStore({ directory: join(base, 'nats-store') });
  const { rootfsPath, config } = await store.pull(`oci-layout:${built.layout}:${built.name}`);
  const { stdout } = await run('chroot', [rootfsPath, ...config.entrypoint, '--version']);
  expect(stdout).toContain('v2.12.0');
});
