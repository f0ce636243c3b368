/**
 * What a layer's tar header asks for, judged: the pure half of extraction. Apart from touching the disk so that every
 * hostile header is a line of a table in a test. Set-id bits never pass, special files are left out, whiteouts become
 * removals (OCI image-spec layer.md), and what cannot be made is refused by the entry's name.
 */
import { parseEntryPath } from './confined-path.ts';
import { imageError } from './image-error.ts';
import { shown, type ByteText } from './tar/byte-text.ts';
import type { TarHeader } from './tar/tar-header.ts';

export interface EntryOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly mtimeSeconds: number;
}

export type EntryPath = readonly ByteText[];

export type LayerAction =
  | { readonly kind: 'file'; readonly path: EntryPath; readonly size: number; readonly owner: EntryOwner }
  | { readonly kind: 'directory'; readonly path: EntryPath; readonly owner: EntryOwner }
  | {
      readonly kind: 'symlink';
      readonly path: EntryPath;
      readonly target: ByteText;
      readonly owner: EntryOwner;
    }
  | { readonly kind: 'hardlink'; readonly path: EntryPath; readonly target: EntryPath }
  | { readonly kind: 'whiteout'; readonly path: EntryPath }
  | { readonly kind: 'opaque'; readonly path: EntryPath }
  /** A device or pipe: what stood there goes, nothing comes. */
  | { readonly kind: 'special'; readonly path: EntryPath }
  | { readonly kind: 'skip'; readonly reason: SkipReason };

export type SkipReason = 'path' | 'special' | 'whiteout';

const whiteoutPrefix = '.wh.';
const opaqueMarker = '.wh..wh..opq';
/** Symlinks longer than PATH_MAX cannot be made. */
const maxTargetBytes = 4095;
const maxId = 2 ** 32 - 2;
/** The year 9999: file systems end earlier, and clamp. */
const maxTimeSeconds = 253_402_300_799;

const skip = (reason: SkipReason): LayerAction => ({ kind: 'skip', reason });

export function refusedEntry(name: ByteText, why: string): Error {
  return imageError('IMAGE_INVALID', `the entry ${shown(name)} of a layer ${why}`);
}

function pathOf(name: ByteText, text: ByteText, what: string): EntryPath {
  const path = parseEntryPath(text);
  if (typeof path === 'string') throw refusedEntry(name, `${what} ${path}`);
  return path;
}

function owner(header: TarHeader): EntryOwner {
  const id = (value: number): number => {
    if (Number.isInteger(value) && value >= 0 && value <= maxId) return value;
    throw refusedEntry(header.name, `has the owner ${value}, which is none`);
  };
  // Set-user-id and set-group-id are dropped; the sticky bit stays where it has a meaning, on directories.
  const sticky = header.type === 'directory' ? 0o1000 : 0;
  return {
    uid: id(header.uid),
    gid: id(header.gid),
    mode: header.mode & (0o777 | sticky),
    mtimeSeconds: Math.min(Math.max(header.mtimeSeconds, 0), maxTimeSeconds),
  };
}

function whiteout(path: EntryPath, name: ByteText): LayerAction {
  if (name === opaqueMarker) return { kind: 'opaque', path: path.slice(0, -1) };
  const removed = name.slice(whiteoutPrefix.length);
  // `.wh...` would remove the parent; further `.wh.` names are aufs's own bookkeeping.
  if (removed === '' || removed === '.' || removed === '..' || removed.startsWith(whiteoutPrefix))
    return skip('whiteout');
  return { kind: 'whiteout', path: [...path.slice(0, -1), removed] };
}

function hardlink(header: TarHeader, path: EntryPath): LayerAction {
  const target = pathOf(header.name, header.linkname, 'is a hard link whose target');
  if (target.length === 0) throw refusedEntry(header.name, 'is a hard link to nothing');
  return { kind: 'hardlink', path, target };
}

function symlink(header: TarHeader, path: EntryPath): LayerAction {
  const target = header.linkname;
  if (target === '' || target.includes('\0') || target.length > maxTargetBytes)
    throw refusedEntry(header.name, 'is a symbolic link whose target cannot be one');
  return { kind: 'symlink', path, target, owner: owner(header) };
}

/** Throws IMAGE_INVALID by the entry's name for what no root can hold. */
export function judgeEntry(header: TarHeader): LayerAction {
  const path = pathOf(header.name, header.name, 'has a name that');
  const name = path.at(-1);
  if (name === undefined)
    return header.type === 'directory' ? { kind: 'directory', path, owner: owner(header) } : skip('path');
  if (name.startsWith(whiteoutPrefix)) return whiteout(path, name);
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return { kind: 'file', path, size: header.size, owner: owner(header) };
    case 'directory':
      return { kind: 'directory', path, owner: owner(header) };
    case 'symlink':
      return symlink(header, path);
    case 'link':
      return hardlink(header, path);
    case 'character-device':
    case 'block-device':
    case 'fifo':
      return { kind: 'special', path };
    case 'unknown':
      return skip('special');
  }
}
