/**
 * One image from a source into a workspace: config, layers (verified on disk first), root. Apart from the store so
 * that extraction is one function of (source, manifest, directory) without locks or quotas.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { imageError } from './image-error.ts';
import type { ImageConfig } from './image.ts';
import { collect, verified, type ImageSource } from './image-source.ts';
import { emptyUsage, extractLayer, type ExtractionLimits } from './layer-extractor.ts';
import { LayerRoot } from './layer-root.ts';
import { layerCompression, maxConfigBytes, parseConfig, type Descriptor, type Manifest } from './manifest.ts';
import { prepareRoot } from './root-preparation.ts';

export interface UnpackOptions {
  readonly architecture: string;
  readonly limits: ExtractionLimits;
  readonly signal: AbortSignal;
}

export interface UnpackedImage {
  readonly config: ImageConfig;
  readonly sizeBytes: number;
}

/** Verified whole before a byte of it is unpacked. */
async function download(
  source: ImageSource,
  layer: Descriptor,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const chunks = await source.blob(layer.digest, signal);
  try {
    await pipeline(verified(chunks, layer), createWriteStream(path, { flags: 'wx', mode: 0o600 }), {
      signal,
    });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOSPC')
      throw imageError('IMAGE_DISK_FULL', 'the disk is full while downloading an image', thrown);
    throw thrown;
  }
}

async function readConfig(
  source: ImageSource,
  manifest: Manifest,
  options: UnpackOptions,
): Promise<ReturnType<typeof parseConfig>> {
  const { digest, size } = manifest.config;
  if (size > maxConfigBytes) throw imageError('IMAGE_TOO_LARGE', `the image config has ${size} bytes`);
  const chunks = await source.blob(digest, options.signal);
  const config = parseConfig(await collect(verified(chunks, { digest, size }), maxConfigBytes));
  const { architecture, os } = config;
  if ((os ?? 'linux') !== 'linux' || (architecture ?? options.architecture) !== options.architecture)
    throw imageError(
      'IMAGE_PLATFORM_MISMATCH',
      `the image is made for ${os ?? '?'}/${architecture ?? '?'}, not for linux/${options.architecture}`,
    );
  return config;
}

/** Makes `workspace/rootfs`. On error the workspace is to be thrown away. */
export async function unpackImage(
  source: ImageSource,
  manifest: Manifest,
  workspace: string,
  options: UnpackOptions,
): Promise<UnpackedImage> {
  const parsed = await readConfig(source, manifest, options);
  if (parsed.diffIds.length !== manifest.layers.length)
    throw imageError('IMAGE_INVALID', 'the image config and the manifest disagree on the number of layers');
  const compressed = manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  if (compressed > options.limits.maxBytes)
    throw imageError('IMAGE_TOO_LARGE', `the image's layers have ${compressed} bytes`);
  const rootfs = join(workspace, 'rootfs');
  await mkdir(rootfs, { mode: 0o755 });
  const root = new LayerRoot(rootfs);
  const usage = emptyUsage();
  for (const [index, layer] of manifest.layers.entries()) {
    const compression = layerCompression(layer.mediaType);
    const path = join(workspace, `layer-${index}`);
    await download(source, layer, path, options.signal);
    const chunks = createReadStream(path) as AsyncIterable<Uint8Array>;
    await extractLayer({ chunks, compression, diffId: parsed.diffIds[index] ?? '' }, root, usage, options);
    await rm(path);
  }
  await prepareRoot(rootfs);
  return { config: parsed.config, sizeBytes: usage.contentBytes };
}
