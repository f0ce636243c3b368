/**
 * What stands in a root that is being made, in memory: the root begins empty and only we write it, so names and links are
 * followed here without asking the disk, and no link can lead anywhere but to a node of this tree. Pure. Bounded: so many
 * nodes, and so many steps in all, because a link of 4 KB costs as many steps each time it is followed.
 */
import { imageError } from './image-error.ts';
import { refusedEntry, type EntryPath } from './layer-entry.ts';
import type { ByteText } from './tar/byte-text.ts';

export interface DirectoryNode {
  readonly kind: 'directory';
  readonly parent: DirectoryNode | undefined;
  readonly name: ByteText;
  readonly children: Map<ByteText, TreeNode>;
  /** The last layer that wrote it or below it. */
  layer: number;
  /** The last layer whose opaque marker emptied it of what was older. */
  clearedBy: number;
}

/** `special`: a device or pipe of the image, which the disk does not have. */
export type LeafNode =
  | { readonly kind: 'file' | 'special'; readonly layer: number }
  | { readonly kind: 'symlink'; readonly target: ByteText; readonly layer: number };

export type TreeNode = DirectoryNode | LeafNode;

export interface Place {
  readonly directory: DirectoryNode;
  readonly name: ByteText;
}

/** Linux's own bound on links in one look-up (MAXSYMLINKS). */
const maxLinks = 40;
/** A hundred components for each of the most entries an image may have. */
const maxSteps = 50_000_000;

export class ImageTree {
  readonly root: DirectoryNode = directoryNode(undefined, '', 0);
  /** The layer being applied; 0: none yet. */
  layer = 0;
  readonly #maxNodes: number;
  #nodes = 0;
  #steps = 0;

  constructor(maxNodes: number) {
    this.#maxNodes = maxNodes;
  }

  /** Follows links as a process chrooted here would; `make` is called for directories that are missing. */
  #walk(path: EntryPath, make: ((at: DirectoryNode, name: ByteText) => DirectoryNode) | undefined) {
    const pending = path.toReversed();
    let at = this.root;
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      this.#step(1);
      if (isDots(part)) {
        if (part === '..') at = at.parent ?? at;
        continue;
      }
      const child = at.children.get(part) ?? make?.(at, part);
      if (child === undefined) return undefined;
      if (child.kind === 'directory') {
        at = child;
        continue;
      }
      const parts = this.#linkParts(child, path, ++links);
      if (parts[0] === '') at = this.root;
      pending.push(...parts.toReversed());
    }
    return at;
  }

  #linkParts(node: LeafNode, path: EntryPath, links: number): readonly ByteText[] {
    if (links > maxLinks) throw refusedEntry(path.join('/'), 'lies behind a loop of symbolic links');
    if (node.kind !== 'symlink') throw refusedEntry(path.join('/'), 'lies below what is no directory');
    const parts = node.target.split('/');
    this.#step(parts.length);
    return parts;
  }

  #step(count: number): void {
    this.#steps += count;
    if (this.#steps > maxSteps)
      throw imageError('IMAGE_TOO_LARGE', 'the image leads through too many symbolic links and directories');
  }

  /** Where an existing entry stands; its last component is never followed. */
  find(path: EntryPath): (Place & { readonly node: TreeNode }) | undefined {
    const directory = this.#walk(path.slice(0, -1), undefined);
    const name = path.at(-1) ?? '';
    const node = directory?.children.get(name);
    return directory === undefined || node === undefined ? undefined : { directory, name, node };
  }

  findDirectory(path: EntryPath): DirectoryNode | undefined {
    if (path.length === 0) return this.root;
    const node = this.find(path)?.node;
    return node?.kind === 'symlink'
      ? this.#walk(path, undefined)
      : node?.kind === 'directory'
        ? node
        : undefined;
  }

  /** Where an entry is to stand; `make` makes missing parents on the disk. */
  place(path: EntryPath, make: (at: DirectoryNode, name: ByteText) => void): Place {
    const directory = this.#walk(path.slice(0, -1), (at, name) => {
      make(at, name);
      return this.addDirectory(at, name);
    });
    // Only a walk that makes nothing can end nowhere.
    return { directory: directory ?? this.root, name: path.at(-1) ?? '' };
  }

  #count(): void {
    if (++this.#nodes > this.#maxNodes)
      throw imageError('IMAGE_TOO_LARGE', `the image has more than ${this.#maxNodes} files and directories`);
  }

  addDirectory(at: DirectoryNode, name: ByteText): DirectoryNode {
    this.#count();
    const node = directoryNode(at, name, this.layer);
    at.children.set(name, node);
    this.markWritten(at);
    return node;
  }

  addLeaf({ directory, name }: Place, node: LeafNode): void {
    this.#count();
    directory.children.set(name, node);
    this.markWritten(directory);
  }

  /** With its parents: a layer need not list the directories of its files. */
  markWritten(directory: DirectoryNode): void {
    for (
      let at: DirectoryNode | undefined = directory;
      at !== undefined && at.layer !== this.layer;
      at = at.parent
    )
      at.layer = this.layer;
  }

  /**
   * What an opaque marker hides: everything below that this layer did not write. Each directory is looked through once a
   * layer, however many markers name it or what is above it.
   */
  hidden(directory: DirectoryNode): readonly Place[] {
    const found: Place[] = [];
    const waiting = [directory];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at.clearedBy === this.layer) continue;
      at.clearedBy = this.layer;
      for (const [name, child] of at.children) {
        if (child.layer !== this.layer) found.push({ directory: at, name });
        else if (child.kind === 'directory') waiting.push(child);
      }
    }
    return found;
  }
}

function isDots(part: ByteText): boolean {
  return part === '' || part === '.' || part === '..';
}

function directoryNode(parent: DirectoryNode | undefined, name: ByteText, layer: number): DirectoryNode {
  return { kind: 'directory', parent, name, children: new Map(), layer, clearedBy: 0 };
}

/** From the root, without a slash in front; empty for the root. */
export function treePath(directory: DirectoryNode): ByteText {
  const parts: ByteText[] = [];
  for (let at: DirectoryNode | undefined = directory; at?.parent !== undefined; at = at.parent)
    parts.push(at.name);
  return parts.reverse().join('/');
}
