/**
 * From the document a reference names to the manifest for this machine, through indexes in indexes. Bounded: a hostile
 * registry may nest and list as it likes, and only so many documents are ever asked for.
 */
import type { HostPlatform } from './host-platform.ts';
import { imageError } from './image-error.ts';
import type { ImageSource, ManifestDocument } from './image-source.ts';
import { isIndex, parseManifest, selectPlatform, wrongPlatform, type Manifest } from './manifest.ts';
import { ClrkError, type Digest } from '../contract/index.ts';

const maxDepth = 4;
const maxDocuments = 16;

export interface ResolvedManifest {
  readonly digest: Digest;
  readonly manifest: Manifest;
}

export async function resolveManifest(
  source: ImageSource,
  document: ManifestDocument,
  host: HostPlatform,
  signal: AbortSignal,
): Promise<ResolvedManifest> {
  let asked = 0;
  const follow = async (at: ManifestDocument, depth: number): Promise<ResolvedManifest> => {
    const parsed = parseManifest(at.bytes);
    if (!isIndex(parsed)) return { digest: at.digest, manifest: parsed };
    if (depth === maxDepth)
      throw imageError('IMAGE_INVALID', `image indexes are nested more than ${maxDepth} deep`);
    for (const { digest } of selectPlatform(parsed, host)) {
      if (++asked > maxDocuments)
        throw imageError('IMAGE_INVALID', `the image index leads to more than ${maxDocuments} others`);
      try {
        return await follow(await source.manifest(digest, signal), depth + 1);
      } catch (thrown) {
        const isOther = thrown instanceof ClrkError && thrown.code === 'IMAGE_PLATFORM_MISMATCH';
        if (!isOther) throw thrown;
      }
    }
    throw wrongPlatform(parsed, host);
  };
  return follow(document, 0);
}
