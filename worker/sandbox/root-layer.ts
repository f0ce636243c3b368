/**
 * The root a sandbox sees: the image's shared, read-only root with a thin layer of injected files over it, joined by
 * an overlay mount that has no upper directory and therefore cannot be written. Made once per image and injection
 * and shared by all their sandboxes, so that a dispatch mounts nothing.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../system/command.ts';
import { resolveInRoot } from './confined-path.ts';
import type { InjectedFile } from './injected-file.ts';

export interface RootPlan {
  readonly imageDigest: string;
  readonly rootfsPath: string;
  readonly files: readonly InjectedFile[];
  /** Directories that must exist as mount points. */
  readonly directories: readonly string[];
}

interface Layer {
  readonly directory: string;
  readonly ready: Promise<string>;
  users: number;
}

export interface RootLease {
  readonly rootPath: string;
  release(): void;
}

async function kindOf(path: string): Promise<'missing' | 'file' | 'directory' | 'link'> {
  try {
    const found = await lstat(path);
    return found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'directory' : 'file';
  } catch {
    return 'missing';
  }
}

/** Makes the directory in the layer with the owner and mode it has in the image: overlay shows the upper one's. */
async function makeDirectory(layer: string, rootfs: string, relative: string): Promise<void> {
  const parts = relative.split('/').filter((part) => part !== '');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const path = parts.slice(0, depth).join('/');
    await mkdir(join(layer, path), { recursive: true, mode: 0o755 });
    const original = await stat(join(rootfs, path)).catch(() => undefined);
    if (original === undefined) continue;
    await chown(join(layer, path), original.uid, original.gid);
    await chmod(join(layer, path), original.mode & 0o7777);
  }
}

async function inject(layer: string, rootfs: string, file: InjectedFile): Promise<void> {
  const bundle = file.mode.startsWith('bundle');
  const relative = await resolveInRoot(rootfs, file.path, !bundle);
  if (relative === undefined) return;
  const kind = await kindOf(join(rootfs, relative));
  if (kind === 'directory' || kind === 'link') return;
  if (kind === 'missing' && file.mode === 'bundle-if-present') return;
  if (kind === 'file' && file.mode === 'if-missing') return;
  await makeDirectory(layer, rootfs, dirname(relative) === '.' ? '' : dirname(relative));
  await writeFile(join(layer, relative), file.content, { mode: 0o644 });
}

export class RootLayers {
  readonly #directory: string;
  readonly #layers = new Map<string, Layer>();
  readonly #onError: (error: unknown) => void;
  #count = 0;

  /** `directory` is ours alone; what an earlier worker left mounted there is `orphans.ts`'s to remove first. */
  constructor(directory: string, onError: (error: unknown) => void) {
    this.#directory = directory;
    this.#onError = onError;
  }

  /** The root for this plan; mounted on first use, kept until `retain` no longer names it and nobody uses it. */
  async acquire(plan: RootPlan): Promise<RootLease> {
    const key = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
    let layer = this.#layers.get(key);
    if (layer === undefined) {
      // Never a directory used before: the sweep may still be removing that one.
      this.#count += 1;
      const directory = join(this.#directory, `${key}-${this.#count}`);
      layer = { directory, ready: this.#mount(directory, plan), users: 0 };
      this.#layers.set(key, layer);
      layer.ready.catch(() => this.#layers.delete(key));
    }
    const held = layer;
    held.users += 1;
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      held.users -= 1;
    };
    try {
      return { rootPath: await held.ready, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async #mount(directory: string, plan: RootPlan): Promise<string> {
    const layer = join(directory, 'layer');
    const root = join(directory, 'root');
    await rm(directory, { recursive: true, force: true });
    await mkdir(layer, { recursive: true, mode: 0o755 });
    await mkdir(root, { mode: 0o755 });
    for (const path of plan.directories) {
      const relative = await resolveInRoot(plan.rootfsPath, path, true);
      if (relative !== undefined) await makeDirectory(layer, plan.rootfsPath, relative);
    }
    for (const file of plan.files) await inject(layer, plan.rootfsPath, file);
    const options = `ro,nodev,nosuid,lowerdir=${layer}:${plan.rootfsPath}`;
    await runCommand('mount', ['-t', 'overlay', 'clrk', '-o', options, root]);
    return root;
  }

  /** Unmounts every layer nobody uses. Called when the config changed and at the end. */
  async sweep(): Promise<void> {
    for (const [key, layer] of this.#layers) {
      if (layer.users > 0) continue;
      this.#layers.delete(key);
      try {
        const root = await layer.ready;
        await runCommand('umount', [root]);
        await rm(layer.directory, { recursive: true, force: true });
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
