/**
 * One agent's state on this worker: a file system of its own in an image file, mounted by loop device, so that the kernel
 * holds its size while it is written, inodes and directories included. Nothing walks it, so nothing an agent does in it can
 * fail a call. Setuid bits and devices mean nothing in it. Making, resizing, mounting and removing; who is to have one is
 * `StateVolumes`' business.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { runCommand } from '../system/command.ts';

export interface VolumeOwner {
  readonly uid: number;
  readonly gid: number;
}

const mebibyte = 1024 * 1024;
const inodeBytes = 256;
/** A file each 4 KiB, as ext4 itself would for small disks. */
const bytesPerInode = 4096;
const maxInodes = 262_144;
/** Larger ones have blocks of 4 KiB. */
const smallBytes = 256 * mebibyte;
/** What a limit of 0 ("none") comes to: nothing on a worker is without bound. */
export const unlimitedBytes = 16 * 1024 * mebibyte;

const inodesOf = (bytes: number): number =>
  Math.min(maxInodes, Math.max(256, Math.ceil(bytes / bytesPerInode)));

/** The file's size for so many bytes of state: with its inode tables and maps. */
export function imageBytes(limitBytes: number): number {
  const bytes = limitBytes > 0 ? limitBytes : unlimitedBytes;
  const whole = bytes * 1.01 + inodesOf(bytes) * inodeBytes + 160 * 1024;
  return Math.ceil(whole / bytesPerInode) * bytesPerInode;
}

/** Makes the image file. It is there whole or not at all. */
export async function makeVolume(image: string, limitBytes: number, owner: VolumeOwner): Promise<void> {
  await mkdir(dirname(image), { recursive: true, mode: 0o700 });
  const fresh = `${image}.new`;
  const bytes = imageBytes(limitBytes);
  await writeFile(fresh, '', { mode: 0o600 });
  await truncate(fresh, bytes);
  await runCommand('mkfs.ext4', [
    ...['-q', '-F', '-m', '0', '-O', '^has_journal,^resize_inode'],
    ...['-b', bytes <= smallBytes ? '1024' : '4096', '-N', String(inodesOf(limitBytes || unlimitedBytes))],
    ...['-E', `root_owner=${owner.uid}:${owner.gid},nodiscard,lazy_itable_init=1`, fresh],
  ]);
  await rename(fresh, image);
}

/** Gives the file system another size. Not while it is mounted; throws when what it holds does not fit. */
export async function resizeVolume(image: string, limitBytes: number): Promise<void> {
  const bytes = imageBytes(limitBytes);
  const { size } = await stat(image);
  if (size === bytes) return;
  await checkVolume(image);
  if (bytes > size) await truncate(image, bytes);
  await runCommand('resize2fs', [image, `${Math.floor(bytes / 1024)}K`]);
  if (bytes < size) await truncate(image, bytes);
}

/** Mends what an unclean end has left. */
async function checkVolume(image: string): Promise<void> {
  // e2fsck ends with 1 when it has mended something, which is no failure.
  await runCommand('e2fsck', ['-fp', image]).catch((error: unknown) => {
    if (!errorMessage(error).includes('ended with 1:')) throw error;
  });
}

export async function mountVolume(image: string, mountPoint: string): Promise<void> {
  await mkdir(mountPoint, { recursive: true, mode: 0o700 });
  await checkVolume(image);
  try {
    await runCommand('mount', [
      '-t',
      'ext4',
      '-o',
      'loop,nosuid,nodev,noatime,noinit_itable',
      image,
      mountPoint,
    ]);
  } catch (cause) {
    await rmdir(mountPoint).catch(() => undefined);
    throw new ClrkError('STATE_UNAVAILABLE', 'the state of the agent could not be mounted', {
      cause,
      hint: 'The worker needs ext4, e2fsprogs and loop devices (/dev/loop-control).',
    });
  }
  // The check makes it anew; the agent has no use for it.
  await rmdir(join(mountPoint, 'lost+found')).catch(() => undefined);
}

/** Takes it off this machine's tree; a sandbox that has it goes on. */
export async function unmountVolume(mountPoint: string): Promise<void> {
  if (!existsSync(mountPoint)) return;
  await runCommand('umount', ['--lazy', mountPoint]);
  await rmdir(mountPoint);
}

/** Nothing has it mounted any more, no sandbox either. */
export async function isDetached(image: string): Promise<boolean> {
  return (await runCommand('losetup', ['-j', image])).trim() === '';
}

export async function deleteVolume(image: string): Promise<void> {
  for (const file of [image, `${image}.new`]) await rm(file, { force: true });
  // The agent's and the namespace's directories, when they are empty.
  await rmdir(dirname(image))
    .then(
      () => rmdir(dirname(dirname(image))),
      () => undefined,
    )
    .catch(() => undefined);
}
