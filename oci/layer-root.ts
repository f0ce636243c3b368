/**
 * The root being made: carries out judged actions on the disk, in the order of layers and entries. Where things stand is
 * the tree's to know; here they are made and removed. One process writes it and nothing runs in it.
 */
import {
  chmodSync,
  chownSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { Breath } from './breath.ts';
import { DiskUse } from './disk-use.ts';
import { ownsFiles, writeContent, type EntryContent } from './file-content.ts';
import { ImageTree, treePath, type DirectoryNode, type Place, type TreeNode } from './image-tree.ts';
import { refusedEntry, type EntryOwner, type EntryPath, type LayerAction } from './layer-entry.ts';
import { byteTextOf, bytesOf, shown, type ByteText } from './tar/byte-text.ts';

/** A file that a layer's store holds already. */
export interface StoredFile {
  readonly storedAt: string;
}

/** Takes a layer's actions one after the other. */
export interface LayerSink {
  beginLayer(): void;
  /** `content` is used only for files. */
  apply(action: LayerAction, content: EntryContent | StoredFile): Promise<void>;
}

/** Directories come from parents that no layer lists as well. */
const defaultMaxNodes = 1_000_000;

export class LayerRoot implements LayerSink {
  readonly #root: ByteText;
  readonly #tree: ImageTree;
  readonly #breath = new Breath();
  /** Without what links share with a layer's store. */
  readonly use = new DiskUse();

  constructor(root: string, maxNodes: number = defaultMaxNodes) {
    this.#root = byteTextOf(root);
    this.#tree = new ImageTree(maxNodes);
  }

  beginLayer(): void {
    this.#tree.layer++;
  }

  async apply(action: LayerAction, content: EntryContent | StoredFile): Promise<void> {
    await this.#breath.take();
    switch (action.kind) {
      case 'skip':
        return;
      case 'opaque':
        return this.#clear(action.path);
      case 'whiteout':
        return this.#whiteout(action.path);
      case 'directory':
        return this.#directory(action.path, action.owner);
      case 'special':
        await this.#free(action.path, 'special');
        return;
      case 'file':
        return this.#file(action, content);
      case 'symlink': {
        const { directory, name } = await this.#freePlace(action.path);
        const path = this.#at(directory, name);
        symlinkSync(bytesOf(action.target), path);
        if (ownsFiles) lchownSync(path, action.owner.uid, action.owner.gid);
        this.use.addSymlink();
        this.#tree.addLeaf(
          { directory, name },
          { kind: 'symlink', target: action.target, layer: this.#tree.layer },
        );
        return;
      }
      case 'hardlink':
        return this.#hardlink(action.path, action.target);
    }
  }

  #at(directory: DirectoryNode, name: ByteText): Buffer {
    const below = treePath(directory);
    return bytesOf(below === '' ? `${this.#root}/${name}` : `${this.#root}/${below}/${name}`);
  }

  #place(path: EntryPath): Place {
    return this.#tree.place(path, (at, name) => {
      mkdirSync(this.#at(at, name), { mode: 0o755 });
      this.use.addDirectory();
    });
  }

  /** What a lower layer or an earlier entry left there is gone. */
  async #freePlace(path: EntryPath): Promise<Place> {
    const place = this.#place(path);
    if (place.directory.children.has(place.name)) await this.#remove(place);
    return place;
  }

  async #free(path: EntryPath, kind: 'file' | 'special'): Promise<Buffer> {
    const place = await this.#freePlace(path);
    this.#tree.addLeaf(place, { kind, layer: this.#tree.layer });
    return this.#at(place.directory, place.name);
  }

  async #file(
    action: Extract<LayerAction, { kind: 'file' }>,
    content: EntryContent | StoredFile,
  ): Promise<void> {
    const path = await this.#free(action.path, 'file');
    this.use.addName();
    if (!('storedAt' in content)) {
      this.use.addFile(content.storedBytes);
      return writeContent(path, action.size, action.owner, content);
    }
    try {
      linkSync(content.storedAt, path);
    } catch (thrown) {
      // As many images hold it as the file system has names for a file: this one gets a copy.
      if ((thrown as NodeJS.ErrnoException).code !== 'EMLINK') throw thrown;
      this.use.addFile(action.size);
      copyFileSync(content.storedAt, path, constants.COPYFILE_FICLONE);
      const { uid, gid, mode, mtimeSeconds } = action.owner;
      if (ownsFiles) chownSync(path, uid, gid);
      chmodSync(path, mode);
      utimesSync(path, mtimeSeconds, mtimeSeconds);
    }
  }

  async #directory(path: EntryPath, owner: EntryOwner): Promise<void> {
    const place = path.length === 0 ? undefined : this.#place(path);
    const node = place === undefined ? this.#tree.root : await this.#directoryAt(place);
    this.#tree.markWritten(node);
    const at = this.#directoryPath(node);
    if (ownsFiles) chownSync(at, owner.uid, owner.gid);
    chmodSync(at, owner.mode);
  }

  async #directoryAt(place: Place): Promise<DirectoryNode> {
    const present = place.directory.children.get(place.name);
    if (present?.kind === 'directory') return present;
    if (present !== undefined) await this.#remove(place);
    mkdirSync(this.#at(place.directory, place.name), { mode: 0o700 });
    this.use.addDirectory();
    return this.#tree.addDirectory(place.directory, place.name);
  }

  #directoryPath(node: DirectoryNode): Buffer {
    return node.parent === undefined ? bytesOf(this.#root) : this.#at(node.parent, node.name);
  }

  /** The target is judged before the place is freed: a link to itself must not destroy the file. */
  async #hardlink(path: EntryPath, target: EntryPath): Promise<void> {
    const found = this.#tree.find(target);
    if (found === undefined || found.node.kind === 'directory')
      throw refusedEntry(
        path.join('/'),
        `is a hard link to ${shown(target.join('/'))}, which is ${found === undefined ? 'not there (yet)' : 'a directory'}`,
      );
    const place = this.#place(path);
    if (place.directory === found.directory && place.name === found.name) return;
    if (place.directory.children.has(place.name)) await this.#remove(place);
    // What the place held may have been the target, or above it.
    if (this.#tree.find(target)?.node !== found.node)
      throw refusedEntry(path.join('/'), 'is a hard link to what it replaces');
    const from = this.#at(found.directory, found.name);
    // The link of a device that is left out is left out.
    this.use.addName();
    if (found.node.kind !== 'special') linkSync(from, this.#at(place.directory, place.name));
    this.#tree.addLeaf(place, { ...found.node, layer: this.#tree.layer });
  }

  async #whiteout(path: EntryPath): Promise<void> {
    const found = this.#tree.find(path);
    if (found !== undefined) await this.#remove(found);
  }

  async #clear(path: EntryPath): Promise<void> {
    const directory = this.#tree.findDirectory(path);
    if (directory === undefined) return;
    for (const place of this.#tree.hidden(directory)) await this.#remove(place);
  }

  /** Off the disk, children first, as the tree knows them; then out of the tree. */
  async #remove({ directory, name }: Place): Promise<void> {
    const top = directory.children.get(name);
    if (top?.kind === 'directory') {
      for (const at of withDirectoriesBelow(top).toReversed()) {
        for (const [childName, child] of at.children) {
          await this.#breath.take();
          this.#unlink(at, childName, child);
        }
        rmdirSync(this.#directoryPath(at));
      }
    } else if (top !== undefined) this.#unlink(directory, name, top);
    directory.children.delete(name);
  }

  #unlink(directory: DirectoryNode, name: ByteText, node: TreeNode): void {
    if (node.kind === 'file' || node.kind === 'symlink') unlinkSync(this.#at(directory, name));
  }
}

/** Each before those below it. */
function withDirectoriesBelow(top: DirectoryNode): readonly DirectoryNode[] {
  const found: DirectoryNode[] = [];
  const waiting = [top];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    found.push(at);
    for (const child of at.children.values()) if (child.kind === 'directory') waiting.push(child);
  }
  return found;
}
