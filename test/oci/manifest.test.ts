import { expect, test } from 'vitest';
import { amd64Level, hostArchitecture, hostPlatform } from '../../oci/host-platform.ts';
import { isIndex, parseConfig, parseManifest, selectPlatform, type ImageIndex } from '../../oci/manifest.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const blob = { digest, size: 1 };
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...blob };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob };
const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

test.each([
  ['no JSON', '<html>'],
  ['not UTF-8', Buffer.from([0xff, 0xfe])],
  ['null', 'null'],
  ['schema 1', { schemaVersion: 1, fsLayers: [] }],
  [
    'a Helm chart',
    {
      schemaVersion: 2,
      config: { ...config, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
      layers: [],
    },
  ],
  [
    'a manifest and an index at once (CVE-2021-41190)',
    { schemaVersion: 2, config, layers: [layer], manifests: [] },
  ],
  ['a digest that climbs', { schemaVersion: 2, config: { ...config, digest: 'sha256:../../x' }, layers: [] }],
  ['a negative size', { schemaVersion: 2, config, layers: [{ ...layer, size: -1 }] }],
  ['too many layers', { schemaVersion: 2, config, layers: Array.from({ length: 129 }, () => layer) }],
])('%s is no image', (_what, value) => {
  const document = Buffer.isBuffer(value) ? value : bytes(value);
  expect(() => parseManifest(document)).toThrowError(expect.objectContaining({ code: 'IMAGE_INVALID' }));
});

test('an image manifest of either maker parses', () => {
  const docker = { ...config, mediaType: 'application/vnd.docker.container.image.v1+json' };
  for (const each of [config, docker])
    expect(isIndex(parseManifest(bytes({ schemaVersion: 2, config: each, layers: [layer] })))).toBe(false);
});

interface Offer {
  readonly os?: string;
  readonly architecture?: string;
  readonly variant?: string;
  readonly letter: string;
}

const entry = ({ os = 'linux', architecture = 'amd64', variant, letter }: Offer): object => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  digest: `sha256:${letter.repeat(64)}`,
  size: 1,
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
});

function indexOf(manifests: readonly unknown[]): ImageIndex {
  const index = parseManifest(bytes({ schemaVersion: 2, manifests }));
  if (!isIndex(index)) throw new Error('not an index');
  return index;
}

const v2 = ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'].join(' ');
const v3 = `${v2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave`;
const v4 = `${v3} avx512f avx512bw avx512cd avx512dq avx512vl`;
const cpu = (flags: string): string => `processor\t: 0\nflags\t\t: fpu ${flags}\n`;

test.each([
  ['', 1],
  [cpu(''), 1],
  [cpu(v2), 2],
  [cpu(v3), 3],
  [cpu(v4), 4],
  [cpu(v4.replace('avx2', '')), 2],
])('a CPU of flags %j has level %i', (cpuinfo, level) => {
  expect(amd64Level(cpuinfo)).toBe(level);
});

const plain = { letter: 'a' };
const third = { variant: 'v3', letter: 'c' };
const second = { variant: 'v2', letter: 'b' };

test.each<[string, readonly Offer[], string, string]>([
  ['the plain one before any other', [third, plain], v4, 'a'],
  ['v1 as if it were plain', [third, { variant: 'v1', letter: 'd' }], v4, 'd'],
  ['the best the CPU has when there is no plain one', [second, third], v4, 'c'],
  ['none that the CPU lacks', [third, second], v2, 'b'],
  [
    'its own system and architecture',
    [{ os: 'windows', letter: 'e' }, { architecture: 'arm64', letter: 'f' }, plain],
    '',
    'a',
  ],
])('of an index is taken %s', (_what, offers, flags, letter) => {
  const [chosen] = selectPlatform(indexOf(offers.map(entry)), hostPlatform('amd64', cpu(flags)));
  expect(chosen?.digest).toBe(`sha256:${letter.repeat(64)}`);
});

test.each<[string, readonly Offer[], string]>([
  ['only a variant the CPU lacks', [third], 'linux/amd64/v3'],
  ['only another architecture', [{ architecture: 'arm64', letter: 'f' }], 'linux/arm64'],
])('%s is refused with what there is', (_what, offers, offered) => {
  expect(() => selectPlatform(indexOf(offers.map(entry)), hostPlatform('amd64', cpu(v2)))).toThrowError(
    expect.objectContaining({ code: 'IMAGE_PLATFORM_MISMATCH', message: expect.stringContaining(offered) }),
  );
});

test('entries of other platforms are none of ours, however odd', () => {
  const odd = { ...entry({ architecture: 'riscv64', letter: 'a' }), digest: `sha512:${'a'.repeat(128)}` };
  const chosen = selectPlatform(
    indexOf([odd, null, 7, { digest: 'x' }, { ...odd, size: -1 }, entry(plain)]),
    hostPlatform('amd64', ''),
  );
  expect(chosen.map(({ digest }) => digest)).toEqual([`sha256:${'a'.repeat(64)}`]);
  const ours = { ...entry(plain), digest: `sha512:${'a'.repeat(128)}` };
  expect(() => selectPlatform(indexOf([ours]), hostPlatform('amd64', ''))).toThrowError(/sha512/);
});

test('an absent config is an empty one', () => {
  const rootfs = { type: 'layers', diff_ids: [digest] };
  const empty = { entrypoint: [], cmd: [], env: [], user: '', workingDir: '' };
  expect(parseConfig(bytes({ rootfs })).config).toEqual(empty);
  expect(parseConfig(bytes({ rootfs, config: null })).config).toEqual(empty);
  expect(parseConfig(bytes({ rootfs, config: { Cmd: null, Entrypoint: ['/a'] } })).config.entrypoint).toEqual(
    ['/a'],
  );
});

test('architectures by their OCI name', () => {
  expect([hostArchitecture('x64'), hostArchitecture('arm64')]).toEqual(['amd64', 'arm64']);
});
