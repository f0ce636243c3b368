import { expect, test } from 'vitest';
import {
  hostArchitecture,
  isIndex,
  layerCompression,
  parseConfig,
  parseManifest,
  selectPlatform,
} from '../../oci/manifest.ts';

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

const entry = (os: string, architecture: string, letter: string): object => ({
  digest: `sha256:${letter.repeat(64)}`,
  size: 1,
  platform: { os, architecture },
});

test('the platform is chosen by system and architecture', () => {
  const index = parseManifest(
    bytes({
      schemaVersion: 2,
      manifests: [entry('windows', 'amd64', 'a'), entry('linux', 'arm64', 'b'), entry('linux', 'amd64', 'c')],
    }),
  );
  if (!isIndex(index)) throw new Error('not an index');
  expect(selectPlatform(index, 'amd64').digest).toBe(`sha256:${'c'.repeat(64)}`);
  expect(() => selectPlatform(index, 's390x')).toThrowError(
    expect.objectContaining({
      code: 'IMAGE_PLATFORM_MISMATCH',
      message: expect.stringContaining('linux/arm64'),
    }),
  );
});

test.each([
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
])('%s is unpacked as %s', (mediaType, compression) => {
  expect(layerCompression(mediaType)).toBe(compression);
});

test.each([
  'application/vnd.oci.image.layer.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'x',
])('%s is refused with a code', (mediaType) => {
  expect(() => layerCompression(mediaType)).toThrowError(
    expect.objectContaining({ code: 'IMAGE_LAYER_UNSUPPORTED' }),
  );
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
