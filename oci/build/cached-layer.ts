/**
 * Layers that are packed once and kept: Node, native packages, pinned tools. Apart because packing hundreds of megabytes
 * takes seconds and their content changes only with what is installed. The cache can be deleted at any time.
 */
import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { blobPath } from '../layout-source.ts';
import { writeLayer, type WrittenLayer } from './layer-writer.ts';
import { computeTree, type TreeEntry } from './tree-entry.ts';

/** Fast rather than small: the layer is packed on a laptop and pulled over loopback or once per worker. */
const compressionLevel = 1;
/** Change it when the recipe changes, so that cached layers of the old one are not used. */
const recipe = 2;

const recordSchema = Type.Object({
  digest: Type.String(),
  size: Type.Integer(),
  mediaType: Type.String(),
  diffId: Type.String(),
});

/** What the layer will hold, cheaply: files by size and time instead of by content. */
async function cacheKey(entries: readonly TreeEntry[]): Promise<string> {
  const hash = createHash('sha256').update(
    `${recipe} ${compressionLevel} ${process.version} ${process.arch}\n`,
  );
  for (const entry of entries) {
    hash.update(`${entry.path} ${entry.kind} ${entry.mode} `);
    if (entry.kind === 'file') hash.update(entry.content);
    if (entry.kind === 'symlink') hash.update(entry.target);
    if (entry.kind === 'copy')
      hash.update(`${entry.source} ${entry.size} ${(await stat(entry.source)).mtimeMs}`);
    hash.update('\n');
  }
  return hash.digest('hex').slice(0, 32);
}

async function readCached(record: string, cache: string): Promise<WrittenLayer | undefined> {
  const text = await readFile(record, 'utf8').catch(() => 'null');
  const value: unknown = JSON.parse(text);
  if (!Value.Check(recordSchema, value)) return undefined;
  const { diffId, ...descriptor } = value;
  const blob = await stat(blobPath(cache, descriptor.digest)).catch(() => undefined);
  return blob?.size === descriptor.size ? { descriptor, diffId } : undefined;
}

/** A hard link where the file systems allow it. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  if ((await stat(to).catch(() => undefined)) !== undefined) return;
  const draft = `${to}.${process.pid}`;
  await rm(draft, { force: true });
  await link(from, draft).catch(() => copyFile(from, draft));
  await rename(draft, to);
}

/** Where a layer is wanted and where packed ones are kept. */
export interface LayerPlace {
  readonly layout: string;
  readonly cache: string;
}

/** Puts the layer of these entries into the layout, packing it into the cache first when it is not there. */
export async function cachedLayer(
  { layout, cache }: LayerPlace,
  name: string,
  files: readonly TreeEntry[],
): Promise<WrittenLayer> {
  const entries = computeTree(files);
  const record = join(cache, `${name}-${await cacheKey(entries)}.json`);
  let layer = await readCached(record, cache);
  if (layer === undefined) {
    layer = await writeLayer(cache, entries, compressionLevel);
    await writeFile(
      `${record}.${process.pid}`,
      JSON.stringify({ ...layer.descriptor, diffId: layer.diffId }),
    );
    await rename(`${record}.${process.pid}`, record);
  }
  await place(blobPath(cache, layer.descriptor.digest), blobPath(layout, layer.descriptor.digest));
  return layer;
}
