/**
 * Reading an OCI image layout directory (index.json, blobs/sha256/…). Apart from writing one (build/), because the
 * worker reads layouts it does not own: every document is bounded and every digest checked.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, parseDigest } from '../contract/index.ts';
import { imageError } from './image-error.ts';
import type { BlobDescriptor, ImageSource, ManifestDocument } from './image-source.ts';
import { isIndex, maxManifestBytes, parseManifest, type ImageIndex, type IndexEntry } from './manifest.ts';

export const refNameAnnotation = 'org.opencontainers.image.ref.name';

async function readBounded(path: string): Promise<Buffer | undefined> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > maxManifestBytes)
      throw imageError('IMAGE_INVALID', `${path} is not a document of at most ${maxManifestBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The layout's index, or undefined when the directory holds no layout. */
export async function readLayoutIndex(directory: string): Promise<ImageIndex | undefined> {
  const bytes = await readBounded(join(directory, 'index.json'));
  if (bytes === undefined) return undefined;
  const parsed = parseManifest(bytes);
  if (!isIndex(parsed)) throw imageError('IMAGE_INVALID', `${directory}/index.json is no image index`);
  return parsed;
}

/** Where a blob of a layout lies; the digest must be one. */
export function blobPath(directory: string, digest: string): string {
  if (parseDigest(digest) === undefined) throw imageError('IMAGE_INVALID', 'a digest is malformed');
  return join(directory, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

export class LayoutSource implements ImageSource {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The empty tag is the only image of the layout. */
  async manifest(tagOrDigest: string): Promise<ManifestDocument> {
    const digest = parseDigest(tagOrDigest) ?? (await this.#entry(tagOrDigest)).digest;
    const bytes = await readBounded(blobPath(this.#directory, digest));
    if (bytes === undefined) throw imageError('IMAGE_NOT_FOUND', `${this.#directory} has no ${digest}`);
    const actual = digestOf(bytes);
    if (actual !== digest)
      throw imageError(
        'IMAGE_DIGEST_MISMATCH',
        `${this.#directory} holds ${actual} under the name ${digest}`,
      );
    return { digest: actual, bytes };
  }

  async blob({ digest }: BlobDescriptor): Promise<AsyncIterable<Uint8Array>> {
    const path = blobPath(this.#directory, digest);
    const file = await open(path).catch((thrown: unknown) => {
      throw imageError('IMAGE_NOT_FOUND', `${this.#directory} has no ${digest}`, thrown);
    });
    return createReadStream(path, { fd: file }) as AsyncIterable<Uint8Array>;
  }

  async #entry(tag: string): Promise<IndexEntry> {
    const index = await readLayoutIndex(this.#directory);
    if (index === undefined) throw imageError('IMAGE_NOT_FOUND', `${this.#directory} is no OCI image layout`);
    const matches =
      tag === ''
        ? index.manifests
        : index.manifests.filter((each) => each.annotations?.[refNameAnnotation] === tag);
    const [first] = matches;
    if (first === undefined) throw imageError('IMAGE_NOT_FOUND', `${this.#directory} has no image "${tag}"`);
    if (matches.length > 1 && tag === '')
      throw imageError('IMAGE_NOT_FOUND', `${this.#directory} has ${matches.length} images: name one`);
    return first;
  }
}
