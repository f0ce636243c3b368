/**
 * A throw-away copy of a project, so that its program can run without a way to change the project: it runs in the copy,
 * with packages linked one by one (what it writes beside them stays in the copy) and without what was synthesized.
 */
import {
  copyFileSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { undecided } from '../reach/undecided.ts';

/** A repository of manifests and the code that makes them is far below both. */
const maxFiles = 100_000;
const maxBytes = 1024 * 1024 * 1024;

export interface ProjectCopy extends Disposable {
  /** The project's folder in the copy. */
  readonly directory: string;
  /** An empty folder: where the program is to write. */
  readonly output: string;
}

/** The repository the project is in: its program may import from all of it. */
function rootOf(directory: string): string {
  let folder = directory;
  while (!existsSync(join(folder, '.git'))) {
    if (dirname(folder) === folder) return directory;
    folder = dirname(folder);
  }
  return folder;
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

class Copier {
  readonly #skipped: string | undefined;
  #files = 0;
  #bytes = 0;

  /** `skipped` is a folder that is left out. */
  constructor(skipped: string | undefined) {
    this.#skipped = skipped;
  }

  folder(from: string, to: string): void {
    mkdirSync(to, { recursive: true });
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (source === this.#skipped) continue;
      if (entry.name === 'node_modules') linkPackages(source, target);
      else if (entry.name === '.git') symlinkSync(source, target);
      else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
      else if (entry.isDirectory()) this.folder(source, target);
      else if (entry.isFile()) this.#file(source, target);
    }
  }

  #file(source: string, target: string): void {
    this.#files += 1;
    this.#bytes += lstatSync(source).size;
    if (this.#files > maxFiles || this.#bytes > maxBytes) {
      const why = `the project is larger than ${maxFiles} files or ${maxBytes / 1_048_576} MiB`;
      throw undecided(
        'PROJECT_TOO_LARGE',
        [why],
        'Compare what CI synthesizes with git, and give --no-synth here.',
      );
    }
    copyFileSync(source, target, constants.COPYFILE_FICLONE);
  }
}

/** Links to every package, in a folder of its own: caches that tools keep beside packages are not the project's. */
function linkPackages(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith('@')) linkPackages(join(from, name), join(to, name));
    else if (!name.startsWith('.') || name === '.bin') symlinkSync(join(from, name), join(to, name));
  }
}

/** Packages that the project finds in a folder above it. */
function linkPackagesAbove(root: string, top: string): void {
  let folder = dirname(root);
  while (!existsSync(join(folder, 'node_modules'))) {
    if (dirname(folder) === folder) return;
    folder = dirname(folder);
  }
  linkPackages(join(folder, 'node_modules'), join(top, 'node_modules'));
}

/** `committed` is where the project keeps what it synthesizes. */
export function copyProject(directory: string, committed: string): ProjectCopy {
  const root = rootOf(directory);
  const top = mkdtempSync(join(tmpdir(), 'clrk-drift-'));
  const dispose = (): void => rmSync(top, { recursive: true, force: true });
  const copy = join(top, basename(root) || 'project');
  // A folder the program itself is in cannot be left out.
  const isApart = isWithin(root, committed) && !isWithin(committed, directory);
  const output = isApart ? join(copy, relative(root, committed)) : join(top, 'output');
  try {
    new Copier(isApart ? resolve(committed) : undefined).folder(root, copy);
    linkPackagesAbove(root, top);
    mkdirSync(output, { recursive: true });
  } catch (error) {
    dispose();
    throw error;
  }
  return { directory: join(copy, relative(root, directory)), output, [Symbol.dispose]: dispose };
}
