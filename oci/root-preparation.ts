/**
 * What every extracted root gets: the mount points and the few files a sandbox needs and an image may lack. Apart
 * from extraction because these are ours, not the image's. Never overwrites and never follows a link.
 */
import { lstat, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskUse } from './disk-use.ts';

/** A shared, read-only root cannot grow a mount point later. */
const directories = [
  ['proc', 0o555],
  ['sys', 0o555],
  ['dev', 0o755],
  ['etc', 0o755],
  ['tmp', 0o1777],
] as const;

/** Files the worker mounts over, and the switch that makes glibc ask DNS at all. */
const files = [
  ['etc/resolv.conf', ''],
  ['etc/hosts', '127.0.0.1\tlocalhost\n'],
  ['etc/hostname', ''],
  ['etc/nsswitch.conf', 'hosts: files dns\n'],
] as const;

async function isDirectory(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;
}

export async function prepareRoot(root: string, use: DiskUse): Promise<void> {
  // Counted whether the image has them or not: they are few.
  for (const _directory of directories) use.addDirectory();
  for (const _file of files) use.addFile(1);
  for (const [name, mode] of directories) await mkdir(join(root, name), { mode }).catch(ignoreExisting);
  if (!(await isDirectory(join(root, 'etc')))) return;
  for (const [name, content] of files)
    await writeFile(join(root, name), content, { flag: 'wx', mode: 0o644 }).catch(ignoreExisting);
}

/** EEXIST: the image has it (a dangling link counts: `wx` does not follow it). */
function ignoreExisting(thrown: NodeJS.ErrnoException): void {
  if (thrown.code !== 'EEXIST') throw thrown;
}
