/**
 * Paths inside an image root, with symbolic links followed as the sandbox would: never out of the root. Apart
 * because the image is hostile and we write beside it as root.
 */
import { lstat, readlink } from 'node:fs/promises';
import { posix } from 'node:path';

// Linux gives ELOOP after 40 (path_resolution(7)).
const maxLinks = 40;

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
  } catch {
    return undefined;
  }
}

/** The path relative to the root after following every link, the last one only if `followLast`. */
export async function resolveInRoot(
  root: string,
  path: string,
  followLast: boolean,
): Promise<string | undefined> {
  let pending = path.split('/').filter((part) => part !== '' && part !== '.');
  let done: string[] = [];
  for (let links = 0; pending.length > 0;) {
    const [part = '', ...rest] = pending;
    pending = rest;
    if (part === '..') {
      done = done.slice(0, -1);
      continue;
    }
    const target = await linkTarget(posix.join(root, ...done, part));
    if (target === undefined || (pending.length === 0 && !followLast)) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > maxLinks) return undefined;
    if (target.startsWith('/')) done = [];
    pending = [...target.split('/').filter((each) => each !== '' && each !== '.'), ...pending];
  }
  return done.join('/');
}
