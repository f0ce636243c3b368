/**
 * `clrk image ls`: what a layout holds.
 */
import { stat } from 'node:fs/promises';
import { imageHome } from './image-home.ts';
import { blobPath, LayoutSource, readLayoutIndex, refNameAnnotation } from '../layout-source.ts';
import { isIndex, parseManifest } from '../manifest.ts';

export interface ListedImage {
  readonly name: string;
  readonly digest: string;
  readonly architecture: string;
  /** Compressed bytes of all layers; undefined when a blob is damaged. */
  readonly sizeBytes: number | undefined;
  readonly builtAt: Date | undefined;
}

async function layerBytes(layout: string, digest: string): Promise<number | undefined> {
  try {
    const manifest = parseManifest((await new LayoutSource(layout).manifest(digest)).bytes);
    return isIndex(manifest) ? undefined : manifest.layers.reduce((sum, layer) => sum + layer.size, 0);
  } catch {
    return undefined;
  }
}

/** By name. An absent layout is an empty one. */
export async function listImages(layout: string = imageHome(process.env)): Promise<readonly ListedImage[]> {
  const entries = (await readLayoutIndex(layout))?.manifests ?? [];
  const images = entries.map(async (entry) => ({
    name: entry.annotations?.[refNameAnnotation] ?? '<none>',
    digest: entry.digest,
    architecture: entry.platform?.architecture ?? '<unknown>',
    sizeBytes: await layerBytes(layout, entry.digest),
    builtAt: (await stat(blobPath(layout, entry.digest)).catch(() => undefined))?.mtime,
  }));
  return (await Promise.all(images)).sort((a, b) => (a.name < b.name ? -1 : 1));
}
