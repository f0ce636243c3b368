/**
 * A layer's stored bytes to its tar, by what they are: the first bytes decide between gzip, zstd and plain, because media
 * types of real images are wrong now and then. The digest of the tar is checked by whoever reads it.
 */
import { createGunzip } from 'node:zlib';
import { decodedBy } from './decoded-stream.ts';
import { isZstd, unzstd } from './zstd-frame.ts';

export type LayerCompression = 'gzip' | 'zstd' | 'none';

export function compressionOf(head: Uint8Array): LayerCompression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return isZstd(head) ? 'zstd' : 'none';
}

/** Fewer, larger pieces: small files are then whole in one of them. */
const pieceBytes = 256 * 1024;

/** The chunks again, and at least the first four bytes of them (fewer only when there are no more). */
async function peek(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Buffer; readonly all: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 4) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  async function* all(): AsyncGenerator<Uint8Array, void> {
    try {
      if (head.length > 0) yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}

export async function* decompressed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const { head, all } = await peek(chunks);
  switch (compressionOf(head)) {
    case 'gzip':
      return yield* decodedBy(createGunzip({ chunkSize: pieceBytes }), all);
    case 'zstd':
      return yield* unzstd(all);
    case 'none':
      return yield* all;
  }
}
