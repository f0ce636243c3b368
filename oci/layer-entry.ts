/**
 * What a layer's tar header asks for, judged: the pure half of extraction. Apart from touching the disk so that every
 * hostile header is a line of a table in a test. Set-id bits never pass, special files and unusable names are
 * skipped, whiteouts become removals (OCI image-spec layer.md).
 */
import { parseEntryPath } from './confined-path.ts';

export interface TarHeader {
  readonly name: string;
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly size?: number | undefined;
  readonly mtime?: Date | undefined;
  readonly linkname?: string | null | undefined;
  readonly type?: string | null | undefined;
}

export interface EntryOwner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly mtime: Date;
}

export type LayerAction =
  | { readonly kind: 'file' | 'directory'; readonly path: readonly string[]; readonly owner: EntryOwner }
  | {
      readonly kind: 'symlink';
      readonly path: readonly string[];
      readonly target: string;
      readonly owner: EntryOwner;
    }
  | { readonly kind: 'hardlink'; readonly path: readonly string[]; readonly target: readonly string[] }
  | { readonly kind: 'whiteout'; readonly path: readonly string[] }
  | { readonly kind: 'opaque'; readonly path: readonly string[] }
  | { readonly kind: 'skip'; readonly reason: SkipReason };

export type SkipReason = 'path' | 'link' | 'special' | 'whiteout';

const whiteoutPrefix = '.wh.';
const opaqueMarker = '.wh..wh..opq';
/** Symlinks longer than PATH_MAX cannot be made. */
const maxTargetBytes = 4095;
const maxId = 2 ** 32 - 2;

const skip = (reason: SkipReason): LayerAction => ({ kind: 'skip', reason });

function owner(header: TarHeader): EntryOwner {
  const id = (value: number | undefined): number =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value <= maxId ? value : 0;
  // Set-user-id and set-group-id are dropped; the sticky bit stays where it has a meaning, on directories.
  const sticky = header.type === 'directory' ? 0o1000 : 0;
  const time = header.mtime?.getTime() ?? 0;
  return {
    uid: id(header.uid),
    gid: id(header.gid),
    mode: (header.mode ?? 0o644) & (0o777 | sticky),
    mtime: new Date(Number.isFinite(time) ? time : 0),
  };
}

function whiteout(path: readonly string[], name: string): LayerAction {
  if (name === opaqueMarker) return { kind: 'opaque', path: path.slice(0, -1) };
  const removed = name.slice(whiteoutPrefix.length);
  // `.wh...` would remove the parent; further `.wh.` names are aufs's own bookkeeping.
  if (removed === '' || removed === '.' || removed === '..' || removed.startsWith(whiteoutPrefix))
    return skip('whiteout');
  return { kind: 'whiteout', path: [...path.slice(0, -1), removed] };
}

function hardlink(header: TarHeader, path: readonly string[]): LayerAction {
  // Some builders write the target with a leading slash; it is a path of the image either way.
  const target = parseEntryPath((header.linkname ?? '').replace(/^\/+/, ''));
  return target === undefined || target.length === 0 ? skip('link') : { kind: 'hardlink', path, target };
}

function symlink(header: TarHeader, path: readonly string[]): LayerAction {
  const target = header.linkname ?? '';
  if (target === '' || target.includes('\0') || Buffer.byteLength(target) > maxTargetBytes)
    return skip('link');
  return { kind: 'symlink', path, target, owner: owner(header) };
}

export function judgeEntry(header: TarHeader): LayerAction {
  const path = parseEntryPath(header.name);
  if (path === undefined) return skip('path');
  const name = path.at(-1);
  if (name === undefined)
    return header.type === 'directory' ? { kind: 'directory', path, owner: owner(header) } : skip('path');
  if (name.startsWith(whiteoutPrefix)) return whiteout(path, name);
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
    case undefined:
    case null:
      return { kind: 'file', path, owner: owner(header) };
    case 'directory':
      return { kind: 'directory', path, owner: owner(header) };
    case 'symlink':
      return symlink(header, path);
    case 'link':
      return hardlink(header, path);
    default:
      return skip('special');
  }
}
