/**
 * The store's directory on disk: what is complete, what is rubbish. Apart from the store's decisions. An image exists
 * when its directory was renamed into `images/`; everything else is left over from a crash and goes at opening.
 *
 *     images/<hex>/rootfs   images/<hex>/image.json   tags.json   work/<random>
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { Digest } from '../contract/index.ts';
import type { PulledImage } from './image.ts';

const recordSchema = Type.Object({
  version: Type.Literal(1),
  digest: Type.String({ pattern: '^sha256:[0-9a-f]{64}$' }),
  sizeBytes: Type.Integer({ minimum: 0 }),
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

export interface StoredImage {
  readonly image: PulledImage;
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

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Clears what a crash left and lists what is whole. */
  async open(): Promise<readonly StoredImage[]> {
    await rm(this.#path('work'), { recursive: true, force: true });
    await mkdir(this.#path('work'), { recursive: true, mode: 0o700 });
    await mkdir(this.#path('images'), { recursive: true, mode: 0o755 });
    const names = await readdir(this.#path('images'));
    const found = await Promise.all(names.map((name) => this.#load(name)));
    return found.filter((each) => each !== undefined);
  }

  /** A fresh directory to extract into; remove or `adopt` it. */
  async workspace(): Promise<string> {
    const path = this.#path('work', randomBytes(8).toString('hex'));
    await mkdir(path, { mode: 0o755 });
    return path;
  }

  async discard(workspace: string): Promise<void> {
    await rm(workspace, { recursive: true, force: true });
  }

  /** Makes a workspace (with `rootfs/` in it) the image; all or nothing, also over a power cut. */
  async adopt(workspace: string, image: Omit<PulledImage, 'rootfsPath'>): Promise<PulledImage> {
    const record: ImageRecord = {
      version: 1,
      digest: image.digest,
      sizeBytes: image.sizeBytes,
      config: {
        ...image.config,
        entrypoint: [...image.config.entrypoint],
        cmd: [...image.config.cmd],
        env: [...image.config.env],
      },
    };
    await writeFile(join(workspace, 'image.json'), `${JSON.stringify(record)}\n`);
    // Node has no syncfs; without it a power cut may leave a complete name with empty files.
    await run('sync', ['-f', workspace]);
    const home = this.#path('images', hexOf(image.digest));
    // A cancelled extraction of the same digest may still have ended well: then that one stands.
    await rename(workspace, home).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOTEMPTY' && thrown.code !== 'EEXIST') throw thrown;
      return this.discard(workspace);
    });
    return { ...image, rootfsPath: join(home, 'rootfs') };
  }

  /** Out of `images/` at once, off the disk after. */
  async remove(digest: Digest): Promise<void> {
    const doomed = this.#path('work', randomBytes(8).toString('hex'));
    await rename(this.#path('images', hexOf(digest)), doomed);
    await rm(doomed, { recursive: true, force: true });
  }

  /** Remembers a use for the order of eviction after a restart. */
  async touch(digest: Digest, nowMs: number): Promise<void> {
    const at = new Date(nowMs);
    await utimes(this.#path('images', hexOf(digest), 'image.json'), at, at).catch(() => undefined);
  }

  async readTags(): Promise<ReadonlyMap<string, string>> {
    const tags = await readJson(this.#path('tags.json'), (value) => Value.Check(tagsSchema, value));
    return new Map(Object.entries(tags ?? {}));
  }

  async writeTags(tags: ReadonlyMap<string, string>): Promise<void> {
    const draft = this.#path('work', randomBytes(8).toString('hex'));
    await writeFile(draft, JSON.stringify(Object.fromEntries(tags)));
    await rename(draft, this.#path('tags.json'));
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
    const { sizeBytes, config } = record;
    const image = { digest: record.digest as Digest, rootfsPath: join(home, 'rootfs'), sizeBytes, config };
    return { image, lastUsedMs: mtimeMs };
  }
}
