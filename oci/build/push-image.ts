/**
 * `clrk image push`: an image of a local layout to a registry. Blobs before the manifest, so that a name never points
 * to something incomplete; what the registry has is not sent again.
 */
import { imageError } from '../image-error.ts';
import type { RegistryCredentials } from '../image.ts';
import { blobPath, LayoutSource } from '../layout-source.ts';
import { isIndex, mediaTypes, parseManifest } from '../manifest.ts';
import { openSession } from '../open-source.ts';
import { parseReference, renderReference } from '../reference.ts';
import { imageName } from './build-image.ts';
import { imageHome } from './image-home.ts';
import { RegistryTarget } from './registry-target.ts';

export interface PushImageOptions {
  /** The image in the layout. */
  readonly name: string;
  /** Where to; default: the name itself. */
  readonly to?: string;
  readonly layout?: string;
  readonly plainHttp?: boolean;
  readonly credentials?: RegistryCredentials;
}

export interface PushedImage {
  readonly reference: string;
  readonly digest: string;
  readonly blobsSent: number;
}

export async function pushImage(options: PushImageOptions): Promise<PushedImage> {
  const layout = options.layout ?? imageHome(process.env);
  const reference = parseReference(options.to ?? options.name);
  if (reference.kind !== 'registry' || reference.digest !== undefined)
    throw imageError('IMAGE_REFERENCE_INVALID', 'an image is pushed to HOST/NAME:TAG');
  const { bytes, digest } = await new LayoutSource(layout).manifest(imageName(options.name));
  const manifest = parseManifest(bytes);
  if (isIndex(manifest)) throw imageError('IMAGE_INVALID', 'an image of several platforms cannot be pushed');
  const target = new RegistryTarget(openSession(reference.host, options), reference.repository);
  let blobsSent = 0;
  for (const blob of [...manifest.layers, manifest.config])
    if (await target.putBlob(blob, blobPath(layout, blob.digest))) blobsSent++;
  await target.putManifest(reference.tag ?? 'latest', manifest.mediaType ?? mediaTypes.ociManifest, bytes);
  return { reference: renderReference(reference), digest, blobsSent };
}
