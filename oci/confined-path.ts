/**
 * Paths inside an image: names judged, and an extracted image read the way a process chrooted there would, so that no
 * link of an image ever leads to the host's files. Sound only while nobody writes the root.
 */
import { constants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { byteTextOf, type ByteText } from './tar/byte-text.ts';

/** Linux's own bound on links in one look-up (MAXSYMLINKS). */
const maxLinks = 40;
/** PATH_MAX and NAME_MAX of Linux. */
const maxPathBytes = 4095;
const maxNameBytes = 255;

export type PathFault = 'climbs out of the image' | 'holds a NUL' | 'is too long';

/**
 * The components of a name from an image, taken from the image's root as docker does: slashes in front mean nothing,
 * `..` takes back the component before it. The root itself is the empty list.
 */
export function parseEntryPath(name: ByteText): readonly ByteText[] | PathFault {
  if (name.includes('\0')) return 'holds a NUL';
  if (name.length > maxPathBytes) return 'is too long';
  const parts: ByteText[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part.length > maxNameBytes) return 'is too long';
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return 'climbs out of the image';
  }
  return parts;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw thrown;
  }
}

/**
 * The real path of a directory named from inside the root: links are followed as if `root` were `/`, and `..`
 * stops at the root. Components that do not exist yet are taken as they are. Undefined: too many links.
 */
export async function resolveInRoot(root: string, parts: readonly string[]): Promise<string | undefined> {
  const pending = [...parts];
  let resolved: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const target = await linkTarget(join(root, ...resolved, part));
    if (target === undefined) {
      resolved.push(part);
      continue;
    }
    if (++links > maxLinks) return undefined;
    if (target.startsWith('/')) resolved = [];
    pending.unshift(...target.split('/'));
  }
  return join(root, ...resolved);
}

/** A regular file's content by its path inside the root; undefined when absent, not a file or over `maxBytes`. */
export async function readConfinedFile(
  root: string,
  path: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const parts = parseEntryPath(byteTextOf(path));
  const real = typeof parts === 'string' ? undefined : await resolveInRoot(root, parts);
  if (real === undefined) return undefined;
  // O_NONBLOCK: opening a FIFO must not hang. O_NOFOLLOW: the path is resolved, so a link here is a race.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(real, flags).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.size > maxBytes) return undefined;
    return await file.readFile();
  } finally {
    await file.close();
  }
}
