/**
 * A tree to a gzip-compressed layer blob, reproducibly: fixed times, sorted entries, numeric owners, no host names.
 * The same tree with the same Node gives the same bytes. Streams: a base layer has a hundred megabytes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import { blobPath } from '../layout-source.ts';
import { mediaTypes, type Descriptor } from '../manifest.ts';
import { computeTree, type TreeEntry } from './tree-entry.ts';

export interface WrittenLayer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

/** Not the epoch: some tools take time zero for "unknown". */
const fixedTime = new Date('2000-01-01T00:00:00Z');

async function pour(entry: TreeEntry, tar: Pack): Promise<void> {
  const header = {
    name: entry.kind === 'directory' ? `${entry.path}/` : entry.path,
    mode: entry.mode,
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    mtime: fixedTime,
  };
  if (entry.kind === 'copy') {
    const sink = tar.entry({ ...header, type: 'file', size: entry.size }) as unknown as Writable;
    await pipeline(createReadStream(entry.source), sink);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (entry.kind === 'file')
      tar.entry({ ...header, type: 'file', size: entry.content.length }, entry.content, done);
    else if (entry.kind === 'directory') tar.entry({ ...header, type: 'directory' }, done);
    else tar.entry({ ...header, type: 'symlink', linkname: entry.target }, done);
  });
}

function hashing(): { readonly through: Transform; digest(): string; size(): number } {
  const hash = createHash('sha256');
  let size = 0;
  const through = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      size += chunk.byteLength;
      done(null, chunk);
    },
  });
  return { through, digest: () => `sha256:${hash.digest('hex')}`, size: () => size };
}

/** Writes the blob into an OCI layout directory. `level` is zlib's. */
export async function writeLayer(
  layout: string,
  entries: readonly TreeEntry[],
  level = 6,
): Promise<WrittenLayer> {
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  const draft = join(layout, `draft-${randomBytes(8).toString('hex')}`);
  const tar = pack();
  const plain = hashing();
  const compressed = hashing();
  try {
    const writing = pipeline(
      Readable.from(tar as unknown as AsyncIterable<Uint8Array>, { objectMode: false }),
      plain.through,
      createGzip({ level }),
      compressed.through,
      createWriteStream(draft, { flags: 'wx' }),
    );
    const pouring = (async () => {
      for (const entry of computeTree(entries)) await pour(entry, tar);
      tar.finalize();
    })().catch((thrown: unknown) => {
      tar.destroy(thrown as Error);
      throw thrown;
    });
    const outcomes = await Promise.allSettled([pouring, writing]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason as Error;
    const digest = compressed.digest();
    await rename(draft, blobPath(layout, digest));
    const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest, size: compressed.size() };
    return { descriptor, diffId: plain.digest() };
  } finally {
    await rm(draft, { force: true });
  }
}
