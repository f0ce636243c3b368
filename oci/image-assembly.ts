/**
 * One image from a source to a workspace: its config, its layers (fetched and unpacked unless they are here), its root.
 * Apart from the store so that assembling is one function of (source, manifest, directory) without quotas.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ClrkError } from '../contract/index.ts';
import type { HostPlatform } from './host-platform.ts';
import type { AssembledImage } from './image-directory.ts';
import { imageError } from './image-error.ts';
import { collect, verified, type BlobDescriptor, type ImageSource } from './image-source.ts';
import type { ExtractionLimits } from './layer-extractor.ts';
import { replayLayer } from './layer-folder.ts';
import { LayerRoot } from './layer-root.ts';
import { diskFull, type LayerHold, type LayerStore, type Origin } from './layer-store.ts';
import { maxConfigBytes, parseConfig, type Manifest } from './manifest.ts';
import { prepareRoot } from './root-preparation.ts';

export interface AssemblyOptions {
  readonly host: HostPlatform;
  readonly limits: ExtractionLimits;
  readonly signal: AbortSignal;
  readonly origin: Origin;
  readonly source: ImageSource;
  readonly layers: LayerStore;
}

/** A download whose bytes are not those of its digest is begun anew this often: a resumed one may be of two versions. */
const maxAttempts = 2;
const readBytes = 256 * 1024;

/** Verified whole before a byte of it is unpacked. */
async function download(
  source: ImageSource,
  blob: BlobDescriptor,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const chunks = await source.blob(blob, signal);
      await pipeline(verified(chunks, blob), createWriteStream(path, { mode: 0o600 }), { signal });
      return;
    } catch (thrown) {
      const isMismatch = thrown instanceof ClrkError && thrown.code === 'IMAGE_DIGEST_MISMATCH';
      if (!isMismatch || attempt === maxAttempts) throw diskFull(thrown);
    }
  }
}

async function readConfig(
  manifest: Manifest,
  options: AssemblyOptions,
): Promise<ReturnType<typeof parseConfig>> {
  const { digest, size } = manifest.config;
  if (size > maxConfigBytes) throw imageError('IMAGE_TOO_LARGE', `the image config has ${size} bytes`);
  const chunks = await options.source.blob({ digest, size }, options.signal);
  const config = parseConfig(await collect(verified(chunks, { digest, size }), maxConfigBytes));
  const { architecture = options.host.architecture, os = 'linux', variant } = config;
  const { host } = options;
  if (os !== 'linux' || architecture !== host.architecture || !host.variants.includes(variant))
    throw imageError(
      'IMAGE_PLATFORM_MISMATCH',
      `the image is made for ${[os, architecture, variant].filter(Boolean).join('/')}, not for linux/${host.architecture} with this CPU`,
    );
  return config;
}

/** Before anything large is fetched. */
function checkManifest(manifest: Manifest, diffIds: readonly string[], limits: ExtractionLimits): void {
  if (diffIds.length !== manifest.layers.length)
    throw imageError('IMAGE_INVALID', 'the image config and the manifest disagree on the number of layers');
  const compressed = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (compressed > limits.maxBytes)
    throw imageError('IMAGE_TOO_LARGE', `the image's layers have ${compressed} bytes`);
}

/** Layers that are here count as much as those that are fetched. */
function checkTotals(holds: readonly LayerHold[], limits: ExtractionLimits): void {
  let bytes = 0;
  let entries = 0;
  for (const { layer } of holds) {
    bytes += layer.record.tarBytes;
    entries += layer.record.entries;
  }
  if (bytes > limits.maxBytes)
    throw imageError('IMAGE_TOO_LARGE', `the image unpacks to more than ${limits.maxBytes} bytes`);
  if (entries > limits.maxEntries)
    throw imageError('IMAGE_TOO_LARGE', `the image has more than ${limits.maxEntries} entries`);
}

/** One after the other, so that what is too large stops before the next one. */
async function takeLayers(
  manifest: Manifest,
  diffIds: readonly string[],
  options: AssemblyOptions,
  holds: LayerHold[],
): Promise<void> {
  for (const [index, blob] of manifest.layers.entries()) {
    const fetch = async (workspace: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> => {
      const path = join(workspace, 'blob');
      await download(options.source, blob, path, signal);
      return createReadStream(path, { highWaterMark: readBytes }) as AsyncIterable<Uint8Array>;
    };
    const { digest: blobDigest } = blob;
    const layer = { diffId: diffIds[index] ?? '', blobDigest, origin: options.origin, fetch };
    holds.push(await options.layers.take(layer, options.signal));
    checkTotals(holds, options.limits);
  }
}

export interface Assembly {
  readonly image: Omit<AssembledImage, 'digest'>;
  /** Its layers: to be given over to the image, or disposed of. */
  readonly holds: readonly LayerHold[];
}

/** Makes `workspace/rootfs`. On error the workspace is to be thrown away; layers are given back. */
export async function assembleImage(
  manifest: Manifest,
  workspace: string,
  options: AssemblyOptions,
): Promise<Assembly> {
  const { config, diffIds } = await readConfig(manifest, options);
  checkManifest(manifest, diffIds, options.limits);
  const holds: LayerHold[] = [];
  try {
    await takeLayers(manifest, diffIds, options, holds);
    const rootfs = join(workspace, 'rootfs');
    await rm(rootfs, { recursive: true, force: true });
    await mkdir(rootfs, { mode: 0o755 });
    const root = new LayerRoot(rootfs, 2 * options.limits.maxEntries);
    for (const { layer } of holds) await replayLayer(layer.directory, root, options.signal);
    await prepareRoot(rootfs, root.use);
    const own = { bytes: root.use.bytes, inodes: root.use.inodes };
    const shared = holds.reduce((sum, { layer }) => sum + layer.record.bytes, 0);
    return { image: { config, layers: diffIds, own, sizeBytes: own.bytes + shared }, holds };
  } catch (thrown) {
    for (const hold of holds) hold[Symbol.dispose]();
    throw replayFailure(thrown);
  }
}

function replayFailure(thrown: unknown): unknown {
  const named = diskFull(thrown);
  const code = (named as NodeJS.ErrnoException).code ?? '';
  if (!['ENAMETOOLONG', 'EEXIST', 'ENOTDIR', 'ELOOP', 'EMLINK'].includes(code) || named instanceof ClrkError)
    return named;
  return imageError('IMAGE_INVALID', `the layers of the image do not fit on each other: ${code}`, thrown);
}
