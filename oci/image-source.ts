/**
 * Where manifests and blobs come from: a registry or an OCI layout, behind one interface. Apart so that store, push
 * and tests do not care which. Every byte handed out through `verified` is counted and hashed.
 */
import { createHash } from 'node:crypto';
import type { Digest } from '../contract/index.ts';
import { imageError } from './image-error.ts';

export interface ManifestDocument {
  readonly digest: Digest;
  readonly bytes: Buffer;
}

export interface BlobDescriptor {
  readonly digest: string;
  readonly size: number;
}

export interface ImageSource {
  /** By tag or digest; the bytes are checked against a digest. Throws IMAGE_NOT_FOUND. */
  manifest(tagOrDigest: string, signal?: AbortSignal): Promise<ManifestDocument>;
  /** Unverified chunks; wrap them in `verified`. Throws IMAGE_NOT_FOUND. */
  blob(blob: BlobDescriptor, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** Passes chunks on and throws as soon as they are too many, and at the end when size or digest differ. */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  expected: BlobDescriptor,
): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > expected.size) break;
    hash.update(chunk);
    yield chunk;
  }
  if (size !== expected.size)
    throw imageError(
      'IMAGE_DIGEST_MISMATCH',
      `${expected.digest} should have ${expected.size} bytes and has ${size > expected.size ? 'more' : size}`,
    );
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== expected.digest)
    throw imageError('IMAGE_DIGEST_MISMATCH', `the content of ${expected.digest} has the digest ${actual}`);
}

/** All of it in memory, at most `maxBytes`. */
export async function collect(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > maxBytes) throw imageError('IMAGE_TOO_LARGE', `a document is larger than ${maxBytes} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
