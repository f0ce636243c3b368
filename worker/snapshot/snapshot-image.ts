/**
 * The files of one image of a sandbox's memory: exactly those runsc writes, regular files of our own, sealed by their digest. Apart
 * because what is restored from them is a whole kernel's state: a file that is short, changed or a link must never get that far.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** As `runsc checkpoint` without compression names them. */
export const imageFiles = ['checkpoint.img', 'pages.img', 'pages_meta.img'] as const;

interface Sealed {
  readonly bytes: number;
  readonly digest: string;
  readonly stamp: string;
}

async function namesIn(path: string): Promise<readonly string[]> {
  const names = (await readdir(path)).sort();
  if (names.join() !== imageFiles.join())
    throw new Error(`an image has ${imageFiles.join()}, not ${names.join()}`);
  return names;
}

/** Who, how large and when it last changed: the change time is the kernel's to set. */
async function stampOf(path: string): Promise<string> {
  const stamps: string[] = [];
  for (const name of await namesIn(path)) {
    const found = await lstat(join(path, name), { bigint: true });
    if (!found.isFile() || found.nlink !== 1n) throw new Error(`${name} of an image is no file of its own`);
    stamps.push([name, found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' '));
  }
  return stamps.join('\n');
}

/** Reads what is on disk; a full disk that lost bytes says so here at the latest. */
async function readSealed(path: string): Promise<Sealed> {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const name of await namesIn(path)) {
    const file = await open(join(path, name), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      await file.sync();
      const { size } = await file.stat();
      hash.update(`${name} ${size}\n`);
      for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
      bytes += size;
    } finally {
      await file.close();
    }
  }
  return { bytes, digest: hash.digest('hex'), stamp: await stampOf(path) };
}

export class SnapshotImage {
  readonly path: string;
  readonly #sealed: Sealed;

  private constructor(path: string, sealed: Sealed) {
    this.path = path;
    this.#sealed = sealed;
  }

  /** A new directory for an image: never one that is there already, nor one a link leads to. */
  static async prepare(path: string): Promise<void> {
    await mkdir(path, { mode: 0o700 });
  }

  /** From here on it is what it is now, or it is not used. */
  static async seal(path: string): Promise<SnapshotImage> {
    return new SnapshotImage(path, await readSealed(path));
  }

  get bytes(): number {
    return this.#sealed.bytes;
  }

  /** Nobody has touched it. Cheap enough for every restore. */
  async isUntouched(): Promise<boolean> {
    return (await stampOf(this.path).catch(() => undefined)) === this.#sealed.stamp;
  }

  /** Every byte is what it was. */
  async isWhole(): Promise<boolean> {
    const now = await readSealed(this.path).catch(() => undefined);
    return now?.digest === this.#sealed.digest;
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
