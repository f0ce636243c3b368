/**
 * Manifests, indexes and configs: bytes to checked types, and the choice of a platform. Apart because it is where a
 * registry's word is judged. Pure; whatever does not parse is IMAGE_INVALID.
 */
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { errorMessage, parseDigest } from '../contract/index.ts';
import type { HostPlatform } from './host-platform.ts';
import { imageError } from './image-error.ts';
import type { ImageConfig } from './image.ts';

/** Registries themselves refuse larger ones (distribution: 4 MiB). */
export const maxManifestBytes = 4 * 1024 * 1024;
export const maxConfigBytes = 8 * 1024 * 1024;
/** Docker's own bound is 127. */
const maxLayers = 128;

const digestSchema = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' });
const descriptorSchema = Type.Object({
  mediaType: Type.String({ maxLength: 255 }),
  digest: digestSchema,
  size: Type.Integer({ minimum: 0 }),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
});
const manifestSchema = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  config: descriptorSchema,
  layers: Type.Array(descriptorSchema, { maxItems: maxLayers }),
});
const indexEntrySchema = Type.Object({
  mediaType: Type.Optional(Type.String({ maxLength: 255 })),
  digest: Type.String({ pattern: '^[a-z0-9]+([.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]+$', maxLength: 300 }),
  size: Type.Integer({ minimum: 0 }),
  annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
  platform: Type.Optional(
    Type.Object({ architecture: Type.String(), os: Type.String(), variant: Type.Optional(Type.String()) }),
  ),
});
const indexSchema = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  manifests: Type.Array(indexEntrySchema, { maxItems: 1000 }),
});
/** Entries are judged one by one: what other platforms need is none of ours. */
const looseIndexSchema = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  manifests: Type.Array(Type.Unknown(), { maxItems: 1000 }),
});
const optionalString = Type.Optional(Type.Union([Type.String(), Type.Null()]));
const optionalStrings = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]));
const configSchema = Type.Object({
  architecture: Type.Optional(Type.String()),
  os: Type.Optional(Type.String()),
  variant: Type.Optional(Type.String()),
  config: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        Entrypoint: optionalStrings,
        Cmd: optionalStrings,
        Env: optionalStrings,
        User: optionalString,
        WorkingDir: optionalString,
      }),
    ]),
  ),
  rootfs: Type.Object({ type: Type.Literal('layers'), diff_ids: Type.Array(digestSchema) }),
});

export type Descriptor = Static<typeof descriptorSchema>;
export type Manifest = Static<typeof manifestSchema>;
export type ImageIndex = Static<typeof indexSchema>;
export type IndexEntry = Static<typeof indexEntrySchema>;

export interface ParsedConfig {
  readonly architecture: string | undefined;
  readonly os: string | undefined;
  /** Empty: none is named. */
  readonly variant: string;
  readonly diffIds: readonly string[];
  readonly config: ImageConfig;
}

export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerTar: 'application/vnd.oci.image.layer.v1.tar',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerTar: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;

/** What a manifest request accepts. */
export const manifestAccept = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
].join(', ');

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw imageError('IMAGE_INVALID', `the ${what} is not JSON: ${errorMessage(thrown).slice(0, 200)}`);
  }
}

function check<T extends TSchema>(schema: T, value: unknown, what: string): Static<T> {
  if (Value.Check(schema, value)) return value;
  const [first] = Value.Errors(schema, value);
  const where = first === undefined ? '' : `: ${first.instancePath || '/'} ${first.message}`;
  throw imageError('IMAGE_INVALID', `the ${what} is malformed${where}`);
}

/** A manifest or an index, told apart by what it holds (media types of old registries are wrong). */
export function parseManifest(bytes: Uint8Array): Manifest | ImageIndex {
  const value = parseJson(bytes, 'manifest');
  const fields = (value ?? {}) as Record<string, unknown>;
  if (fields['schemaVersion'] === 1)
    throw imageError('IMAGE_INVALID', 'the manifest is Docker schema 1, which is no longer used');
  if ('manifests' in fields) {
    // A document that is both is an attack on readers that choose differently (CVE-2021-41190).
    if ('layers' in fields || 'config' in fields)
      throw imageError('IMAGE_INVALID', 'the manifest is a manifest and an index at once');
    const index = check(looseIndexSchema, value, 'image index');
    const manifests = index.manifests.filter((entry) => Value.Check(indexEntrySchema, entry));
    if (manifests.length === 0 && index.manifests.length > 0) check(indexSchema, value, 'image index');
    return { ...index, manifests };
  }
  const manifest = check(manifestSchema, value, 'manifest');
  const known: readonly string[] = [mediaTypes.ociConfig, mediaTypes.dockerConfig];
  if (!known.includes(manifest.config.mediaType))
    throw imageError('IMAGE_INVALID', `this is no container image but "${manifest.config.mediaType}"`);
  return manifest;
}

export function isIndex(parsed: Manifest | ImageIndex): parsed is ImageIndex {
  return 'manifests' in parsed;
}

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerIndex];

function rank({ platform }: IndexEntry, host: HostPlatform): number {
  if (platform?.os !== 'linux' || platform.architecture !== host.architecture) return -1;
  return host.variants.indexOf(platform.variant ?? '');
}

/**
 * The index's entries to look at for this machine, best first: those of its platform by variant, then indexes that name no
 * platform; an entry that is alone and names none serves too. Never one whose variant the CPU lacks.
 */
export function selectPlatform(index: ImageIndex, host: HostPlatform): readonly IndexEntry[] {
  const named = index.manifests
    .map((entry) => ({ entry, rank: rank(entry, host) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry);
  const unnamed = index.manifests.filter(
    ({ platform, mediaType }) =>
      platform === undefined && (index.manifests.length === 1 || indexTypes.includes(mediaType ?? '')),
  );
  const usable = [...named, ...unnamed].filter(({ digest }) => parseDigest(digest) !== undefined);
  if (usable.length > 0) return usable;
  const [first] = named;
  if (first !== undefined)
    throw imageError(
      'IMAGE_INVALID',
      `the image for linux/${host.architecture} is named by a ${first.digest.split(':')[0] ?? ''} digest; sha256 is known here`,
    );
  throw wrongPlatform(index, host);
}

export function wrongPlatform(index: ImageIndex, host: HostPlatform): Error {
  const offered = index.manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === 'unknown'
      ? []
      : [
          `${platform.os}/${platform.architecture}${platform.variant === undefined ? '' : `/${platform.variant}`}`,
        ],
  );
  return imageError(
    'IMAGE_PLATFORM_MISMATCH',
    `the image is not made for linux/${host.architecture} with this CPU (it offers ${offered.slice(0, 10).join(', ') || 'nothing'})`,
  );
}

export function parseConfig(bytes: Uint8Array): ParsedConfig {
  const parsed = check(configSchema, parseJson(bytes, 'image config'), 'image config');
  const config = parsed.config ?? {};
  return {
    architecture: parsed.architecture,
    os: parsed.os,
    variant: parsed.variant ?? '',
    diffIds: parsed.rootfs.diff_ids,
    config: {
      entrypoint: config.Entrypoint ?? [],
      cmd: config.Cmd ?? [],
      env: config.Env ?? [],
      user: config.User ?? '',
      workingDir: config.WorkingDir ?? '',
    },
  };
}
