/**
 * A pod's directory: `$CLRK_HOME/pods/<first 12 of uid>` with its volumes, token and kubeconfig. The name is short
 * because Unix sockets below it must fit 107 bytes. Files of Secrets are 0600. Removing it never crosses a mount.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import type { KeyToPath } from '../kube/object.ts';
import { writePrivateFile } from '../private-file.ts';

export function podDirectory(podsRoot: string, uid: string): string {
  return join(podsRoot, uid.replaceAll('-', '').slice(0, 12));
}

export interface VolumeFile {
  readonly path: string;
  readonly content: Buffer;
}

/** The files a Secret or ConfigMap becomes; `items` chooses and renames. Throws on a key that is not there. */
export function volumeFiles(
  data: ReadonlyMap<string, Buffer>,
  items: readonly KeyToPath[] | undefined,
  optional: boolean,
): VolumeFile[] {
  if (items === undefined) return [...data].map(([path, content]) => ({ path, content }));
  return items.flatMap(({ key, path }) => {
    const content = data.get(key);
    if (content !== undefined) return [{ path, content }];
    if (optional) return [];
    throw new ClrkError('CONTAINER_CONFIG', `references non-existent key: ${key}`, { retryable: true });
  });
}

export function writeVolumeFiles(folder: string, files: readonly VolumeFile[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { path, content } of files) {
    const target = normalize(join(folder, path));
    // The API server refuses `..` in items; keys cannot hold a slash. Never trust that with a root process.
    if (!target.startsWith(`${folder}/`))
      throw new ClrkError('CONTAINER_CONFIG', `path ${path} leaves its volume`);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    if (!existsSync(target) || !readFileSync(target).equals(content)) writePrivateFile(target, content);
  }
}

/** Mount points at or below the folder, deepest first. */
export function mountsBelow(
  folder: string,
  mountInfo = readFileSync('/proc/self/mountinfo', 'utf8'),
): string[] {
  return mountInfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((path) =>
      path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    )
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

export function removeDirectory(folder: string): void {
  for (const mount of mountsBelow(folder)) execFileSync('umount', ['-l', mount], { stdio: 'ignore' });
  if (mountsBelow(folder).length === 0) rmSync(folder, { recursive: true, force: true });
}
