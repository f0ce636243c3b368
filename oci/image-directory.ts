/**
 * The store's directory on disk: what is complete, what is rubbish. Apart from the store's decisions. An image exists
 * when its directory was renamed into `images/`, with everything it is made of on the disk for good; a layer exists as
 * long as an image has it. Everything else is left over from a crash and goes at opening.
 *
 *     images/<hex>/rootfs   images/<hex>/image.json   layers/<hex>-<random>/   tags.json   work/<random>
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Digest } from '../contract/index.ts';
import type { PulledImage } from './image.ts';
import { readLayerRecord } from './layer-folder.ts';
import type { StoredLayer } from './layer-store.ts';

const digestSchema = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' });
const recordSchema = Type.Object({
  version: Type.Literal(2),
  digest: digestSchema,
  sizeBytes: Type.Integer({ minimum: 0 }),
  layers: Type.Array(digestSchema),
  /** Of the root alone, without its layers. */
  own: Type.Object({ bytes: Type.Integer({ minimum: 0 }), inodes: Type.Integer({ minimum: 0 }) }),
  config: Type.Object({
    entrypoint: Type.Array(Type.String()),
    cmd: Type.Array(Type.String()),
    env: Type.Array(Type.String()),
    user: Type.String(),
    workingDir: Type.String(),
  }),
});
type ImageRecord = Static<typeof recordSchema>;
const tagsSchema = Type.Record(Type.String(), Type.String());

/** An image with what it is made of. */
export interface AssembledImage extends Omit<PulledImage, 'rootfsPath' | 'sourceDigest'> {
  readonly layers: readonly string[];
  readonly own: { readonly bytes: number; readonly inodes: number };
}

export interface StoredImage extends AssembledImage {
  readonly rootfsPath: string;
  readonly lastUsedMs: number;
}

const hexOf = (digest: string): string => digest.slice('sha256:'.length);
const run = promisify(execFile);

async function readJson<T>(path: string, check: (value: unknown) => value is T): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export class ImageDirectory {
  readonly #directory: string;
  readonly #removals = new Set<Promise<void>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Clears what a crash left and lists what is whole. */
  async open(): Promise<{
    readonly images: readonly StoredImage[];
    readonly layers: readonly StoredLayer[];
  }> {
    await rm(this.#path('work'), { recursive: true, force: true });
    for (const name of ['work', 'layers']) await mkdir(this.#path(name), { recursive: true, mode: 0o700 });
    await mkdir(this.#path('images'), { recursive: true, mode: 0o755 });
    const layers = await this.#loadLayers();
    const names = await readdir(this.#path('images'));
    const images = await Promise.all(names.map((name) => this.#load(name)));
    return { images: images.filter((each) => each !== undefined), layers };
  }

  async #loadLayers(): Promise<readonly StoredLayer[]> {
    const found = new Map<string, StoredLayer>();
    for (const name of await readdir(this.#path('layers'))) {
      const directory = this.#path('layers', name);
      const record = readLayerRecord(directory);
      if (record === undefined || found.has(record.diffId))
        await rm(directory, { recursive: true, force: true });
      else found.set(record.diffId, { directory, record });
    }
    return [...found.values()];
  }

  /** A fresh directory to work in; discard or adopt it. */
  async workspace(): Promise<string> {
    const path = this.#newWork();
    await mkdir(path, { mode: 0o755 });
    return path;
  }

  async discard(workspace: string): Promise<void> {
    await rm(workspace, { recursive: true, force: true });
  }

  /** Lasting only with the first image that has it. */
  adoptLayer(workspace: string, diffId: string): string {
    const home = this.#path('layers', `${hexOf(diffId)}-${randomBytes(4).toString('hex')}`);
    renameSync(workspace, home);
    return home;
  }

  /** Says what a workspace (with `rootfs/` in it) is, and has it on the disk for good, also over a power cut. */
  async seal(workspace: string, image: AssembledImage): Promise<void> {
    const { digest, sizeBytes, layers, own, config } = image;
    const record: ImageRecord = {
      version: 2,
      digest,
      sizeBytes,
      layers: [...layers],
      own: { ...own },
      config: { ...config, entrypoint: [...config.entrypoint], cmd: [...config.cmd], env: [...config.env] },
    };
    await writeFile(join(workspace, 'image.json'), `${JSON.stringify(record)}\n`);
    // Node has no syncfs; without it a power cut may leave a complete name with empty files.
    await run('sync', ['-f', workspace]);
  }

  /** Makes a sealed workspace the image, before this returns; there must be none of this digest. */
  place(workspace: string, digest: string): string {
    const home = this.imagePath(digest);
    renameSync(workspace, home);
    return join(home, 'rootfs');
  }

  imagePath(digest: string): string {
    return this.#path('images', hexOf(digest));
  }

  /** Out of its place before this returns, off the disk when the promise resolves. */
  async remove(path: string): Promise<void> {
    const doomed = this.#newWork();
    renameSync(path, doomed);
    const removal = rm(doomed, { recursive: true, force: true });
    this.#removals.add(removal);
    await removal.finally(() => this.#removals.delete(removal));
  }

  /** When everything removed so far is off the disk. */
  async removed(): Promise<void> {
    await Promise.allSettled(this.#removals);
  }

  /** Remembers a use for the order of eviction after a restart. */
  async touch(digest: Digest, nowMs: number): Promise<void> {
    const at = new Date(nowMs);
    await utimes(join(this.imagePath(digest), 'image.json'), at, at).catch(() => undefined);
  }

  async readTags(): Promise<ReadonlyMap<string, string>> {
    const tags = await readJson(this.#path('tags.json'), (value) => Value.Check(tagsSchema, value));
    return new Map(Object.entries(tags ?? {}));
  }

  async writeTags(tags: ReadonlyMap<string, string>): Promise<void> {
    const draft = this.#newWork();
    await writeFile(draft, JSON.stringify(Object.fromEntries(tags)));
    await rename(draft, this.#path('tags.json'));
  }

  #newWork(): string {
    return this.#path('work', randomBytes(8).toString('hex'));
  }

  #path(...parts: string[]): string {
    return join(this.#directory, ...parts);
  }

  async #load(name: string): Promise<StoredImage | undefined> {
    const home = this.#path('images', name);
    const record = await readJson(join(home, 'image.json'), (value) => Value.Check(recordSchema, value));
    const rootfs = await stat(join(home, 'rootfs')).catch(() => undefined);
    if (record === undefined || hexOf(record.digest) !== name || rootfs?.isDirectory() !== true) {
      await rm(home, { recursive: true, force: true });
      return undefined;
    }
    const { mtimeMs } = await stat(join(home, 'image.json'));
    const { version: _version, ...rest } = record;
    return {
      ...rest,
      digest: record.digest as Digest,
      rootfsPath: join(home, 'rootfs'),
      lastUsedMs: mtimeMs,
    };
  }
}
