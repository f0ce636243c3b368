/**
 * A home that can be written to, though the root cannot: a small tmpfs over the user's home directory, with what the image
 * has there bound into it read-only. The image is hostile: no link of it is followed, and what is bound is in the root.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig } from '../../oci/index.ts';
import { resolveInRoot } from './confined-path.ts';

export interface Home {
  /** $HOME. */
  readonly path: string;
  /** Where a tmpfs goes; absent: $HOME is another place that can be written to. */
  readonly mount?: string;
  /** Names in the image's home directory, bound read-only. */
  readonly kept: readonly { readonly name: string; readonly source: string }[];
}

/** A mount each; an image with more of it in its home is a data directory, and stays as it is. */
const maxKept = 32;
const writable = '/tmp';

/** The image says where its user lives, in its environment before its passwd. */
export function homeOf(image: Pick<ImageConfig, 'env'>, user: { readonly home: string }): string {
  const stated = image.env.findLast((line) => line.startsWith('HOME='))?.slice('HOME='.length);
  const home = stated === undefined || stated === '' ? user.home : stated;
  return home.startsWith('/') ? home.replace(/\/+$/, '') || '/' : '/';
}

/** Not where everything is, nor what is mounted anyway. */
export function mountsHome(home: string): boolean {
  return !['/', '/tmp', '/proc', '/sys', '/dev'].some((each) =>
    each === '/' ? home === '/' : home === each || home.startsWith(`${each}/`),
  );
}

export async function planHome(rootPath: string, home: string): Promise<Home> {
  if (!mountsHome(home)) return { path: home.startsWith(writable) ? home : writable, kept: [] };
  const relative = await resolveInRoot(rootPath, home, true);
  if (relative === undefined || !mountsHome(`/${relative}`)) return { path: writable, kept: [] };
  const directory = join(rootPath, relative);
  const names = await readdir(directory).catch((): string[] => []);
  if (names.length > maxKept) return { path: writable, kept: [] };
  const kept = await Promise.all(
    names.map(async (name) => {
      const found = await lstat(join(directory, name));
      return found.isFile() || found.isDirectory() ? [{ name, source: join(directory, name) }] : [];
    }),
  );
  return { path: home, mount: `/${relative}`, kept: kept.flat() };
}
