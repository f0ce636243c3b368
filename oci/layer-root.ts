/**
 * The root being extracted: carries out judged actions on the disk. One process writes it, nothing runs in it, so
 * "look, then act" is sound. Parents are resolved inside the root; the last component is never followed.
 */
import { constants } from 'node:fs';
import { chmod, chown, lchown, link, lstat, mkdir, open, readdir, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveInRoot } from './confined-path.ts';
import { imageError } from './image-error.ts';
import type { EntryOwner, LayerAction } from './layer-entry.ts';

/** Parents remembered between entries; a layer is mostly sorted, so a few would do. */
const maxKnownParents = 4096;

export class LayerRoot {
  readonly #root: string;
  /** Only root may give files away; without it everything stays ours. */
  readonly #ownership: boolean;
  /** Real parent directories; forgotten whenever a link appears or something goes. */
  readonly #parents = new Map<string, string>();
  /** Paths this layer wrote, which its own opaque markers must spare. */
  #written = new Set<string>();

  constructor(root: string, ownership: boolean = process.getuid?.() === 0) {
    this.#root = root;
    this.#ownership = ownership;
  }

  beginLayer(): void {
    this.#written = new Set();
  }

  /** `content` is read only for files. Returns the bytes written. */
  async apply(action: LayerAction, content: AsyncIterable<Uint8Array>): Promise<number> {
    switch (action.kind) {
      case 'skip':
        return 0;
      case 'opaque':
        await this.#clear(action.path);
        return 0;
      case 'whiteout':
        await this.#remove(join(await this.#parent(action.path), action.path.at(-1) ?? ''));
        return 0;
      case 'directory':
        await this.#directory(action.path, action.owner);
        return 0;
      case 'file':
        return this.#file(await this.#place(action.path), action.owner, content);
      case 'symlink':
        await this.#symlink(await this.#place(action.path), action.target, action.owner);
        return 0;
      case 'hardlink':
        await this.#hardlink(action.path, action.target);
        return 0;
    }
  }

  async #real(path: readonly string[]): Promise<string> {
    const real = await resolveInRoot(this.#root, path);
    if (real === undefined) throw imageError('IMAGE_INVALID', 'a layer has a loop of symbolic links');
    return real;
  }

  async #parent(path: readonly string[]): Promise<string> {
    const parent = path.slice(0, -1);
    const key = parent.join('/');
    const known = this.#parents.get(key);
    if (known !== undefined) return known;
    const real = await this.#real(parent);
    await mkdir(real, { recursive: true, mode: 0o755 });
    if (this.#parents.size >= maxKnownParents) this.#parents.clear();
    this.#parents.set(key, real);
    return real;
  }

  async #remove(path: string): Promise<void> {
    this.#parents.clear();
    await rm(path, { recursive: true, force: true });
  }

  /** The free place for a new entry: what a lower layer left there is gone. */
  async #place(path: readonly string[]): Promise<string> {
    const place = join(await this.#parent(path), path.at(-1) ?? '');
    if (await exists(place)) await this.#remove(place);
    this.#markWritten(place);
    return place;
  }

  async #directory(path: readonly string[], owner: EntryOwner): Promise<void> {
    const place = path.length === 0 ? this.#root : join(await this.#parent(path), path.at(-1) ?? '');
    const present = await lstat(place).catch(() => undefined);
    if (present !== undefined && !present.isDirectory()) await this.#remove(place);
    await mkdir(place, { recursive: true });
    if (this.#ownership) await chown(place, owner.uid, owner.gid);
    await chmod(place, owner.mode);
    this.#markWritten(place);
  }

  /** With its parents: a layer need not list the directories of its files. */
  #markWritten(place: string): void {
    for (let path = place; path.length > this.#root.length && !this.#written.has(path); path = dirname(path))
      this.#written.add(path);
  }

  async #file(place: string, owner: EntryOwner, content: AsyncIterable<Uint8Array>): Promise<number> {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
    const file = await open(place, flags, 0o600);
    let size = 0;
    try {
      for await (const chunk of content) {
        await file.writeFile(chunk);
        size += chunk.byteLength;
      }
      if (this.#ownership) await file.chown(owner.uid, owner.gid);
      await file.chmod(owner.mode);
      // Python trusts its .pyc files by the source's time.
      await file.utimes(owner.mtime, owner.mtime);
    } finally {
      await file.close();
    }
    return size;
  }

  async #symlink(place: string, target: string, owner: EntryOwner): Promise<void> {
    this.#parents.clear();
    await symlink(target, place);
    if (this.#ownership) await lchown(place, owner.uid, owner.gid);
  }

  /** The target is judged before the place is cleared: a link to itself must not destroy the file. */
  async #hardlink(path: readonly string[], target: readonly string[]): Promise<void> {
    const from = join(await this.#real(target.slice(0, -1)), target.at(-1) ?? '');
    const stat = await lstat(from).catch(() => undefined);
    if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink()))
      throw imageError('IMAGE_INVALID', 'a hard link of a layer points to nothing');
    const to = join(await this.#parent(path), path.at(-1) ?? '');
    if (to === from) return;
    await link(from, await this.#place(path));
  }

  async #clear(path: readonly string[]): Promise<void> {
    const directory = await this.#real(path);
    if ((await lstat(directory).catch(() => undefined))?.isDirectory() === true)
      await this.#clearUnwritten(directory);
  }

  /** Below a directory this layer wrote, only what it wrote stays. */
  async #clearUnwritten(directory: string): Promise<void> {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const place = join(directory, entry.name);
      if (!this.#written.has(place)) await this.#remove(place);
      else if (entry.isDirectory()) await this.#clearUnwritten(place);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
