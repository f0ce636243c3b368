/**
 * The files of a layer to be made: a list, merged and ordered. Pure. Apart from tar so that base, agent and rootfs
 * images are put together as data, and the same input always gives the same list.
 */
import { posix } from 'node:path';
import { imageError } from '../image-error.ts';

interface Common {
  /** Without leading slash, normalised. */
  readonly path: string;
  readonly mode: number;
  /** Default 0. */
  readonly uid?: number;
  readonly gid?: number;
}

export type TreeEntry =
  | (Common & { readonly kind: 'directory' })
  | (Common & { readonly kind: 'symlink'; readonly target: string })
  | (Common & { readonly kind: 'file'; readonly content: Buffer })
  /** Read when the layer is written. */
  | (Common & { readonly kind: 'copy'; readonly source: string; readonly size: number });

export function entryPath(path: string): string {
  const normal = posix.normalize(path).replace(/^\/+|\/+$/g, '');
  if (normal === '' || normal === '.' || normal.split('/').includes('..'))
    throw imageError('IMAGE_INVALID', `"${path}" is no path for an image`);
  return normal;
}

export function textFile(path: string, text: string, mode = 0o644): TreeEntry {
  return { kind: 'file', path: entryPath(path), mode, content: Buffer.from(text) };
}

export function directoryEntry(path: string, mode = 0o755): TreeEntry {
  return { kind: 'directory', path: entryPath(path), mode };
}

export function symlinkEntry(path: string, target: string): TreeEntry {
  return { kind: 'symlink', path: entryPath(path), mode: 0o777, target };
}

/** Parents added, later entries over earlier ones, ordered by path: parents stand before their children. */
export function computeTree(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  const tree = new Map<string, TreeEntry>();
  for (const entry of entries) {
    for (let parent = posix.dirname(entry.path); parent !== '.'; parent = posix.dirname(parent))
      if (!tree.has(parent)) tree.set(parent, directoryEntry(parent));
    tree.set(entry.path, entry);
  }
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
