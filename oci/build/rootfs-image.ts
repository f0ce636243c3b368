/**
 * An image from files or from a directory, for agents that are not bundled TypeScript (shell, Python, any program).
 */
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageConfig } from '../image.ts';
import { hostArchitecture } from '../host-platform.ts';
import { baseFiles } from './base-files.ts';
import { imageName } from './build-image.ts';
import { imageHome } from './image-home.ts';
import { writeLayer } from './layer-writer.ts';
import { writeImage, type BuiltImage } from './layout-writer.ts';
import { entryPath, type TreeEntry } from './tree-entry.ts';

export interface RootfsImageOptions {
  readonly name: string;
  /** Later entries win over earlier ones and over the base files. */
  readonly files: readonly TreeEntry[];
  readonly config: Partial<ImageConfig>;
  readonly output?: string;
  /** Without users, CA bundle and /tmp when false. Default true. */
  readonly base?: boolean;
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A directory of the host as entries below `at`; links are kept as links, special files are left out. */
export async function directoryEntries(
  directory: string,
  at: string,
  accept: (relative: string) => boolean = () => true,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const visit = async (relative: string): Promise<void> => {
    const names = await readdir(join(directory, relative));
    for (const name of names) {
      const child = relative === '' ? name : `${relative}/${name}`;
      if (!accept(child)) continue;
      const source = join(directory, child);
      const path = entryPath(`${at}/${child}`);
      const stat = await lstat(source);
      const mode = stat.mode & 0o777;
      if (stat.isSymbolicLink())
        entries.push({ kind: 'symlink', path, mode: 0o777, target: await readlink(source) });
      else if (stat.isFile()) entries.push({ kind: 'copy', path, mode, source, size: stat.size });
      else if (stat.isDirectory()) {
        entries.push({ kind: 'directory', path, mode });
        await visit(child);
      }
    }
  };
  await visit('');
  return entries;
}

export async function buildRootfsImage(options: RootfsImageOptions): Promise<BuiltImage> {
  const layout = options.output ?? imageHome(process.env);
  const base = options.base === false ? [] : baseFiles();
  const layer = await writeLayer(layout, [...base, ...options.files]);
  return writeImage(layout, imageName(options.name), {
    layers: [layer],
    architecture: hostArchitecture(),
    config: { entrypoint: [], cmd: [], env: [defaultPath], user: '', workingDir: '/', ...options.config },
    labels: {},
  });
}
