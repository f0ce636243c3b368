/**
 * The files below the given paths, in order, each once. Bounded, and safe on links that lead back up: a mistaken `/`
 * ends with a message. Folders that hold templates (Helm charts) are passed over and said so.
 */
import { existsSync, readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join, resolve } from 'node:path';

export interface ManifestFile {
  readonly path: string;
  readonly bytes: number;
  /** See `Manifest.unit`. */
  readonly unit: string;
}

export interface FileProblem {
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}

export interface FileList {
  readonly files: readonly ManifestFile[];
  readonly problems: readonly FileProblem[];
  /** Folders and files passed over, with the reason. */
  readonly skipped: readonly string[];
  /** Folders that were gone through, for files that are about others (clrk-sources.json). */
  readonly folders: readonly string[];
}

export const bounds = {
  fileBytes: 16 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  files: 100_000,
  folderDepth: 32,
} as const;

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const ownFiles = new Set([
  ...kustomizations,
  'clrk-waivers.yaml',
  'clrk-sources.json',
  'construct-metadata.json',
]);

interface Folder {
  readonly path: string;
  readonly unit: string;
  readonly depth: number;
  /** Real paths of this folder and those above it: a link to one of them would never end. */
  readonly above: readonly string[];
}

class Walk {
  readonly files: ManifestFile[] = [];
  readonly problems: FileProblem[] = [];
  readonly skipped: string[] = [];
  readonly folders: string[] = [];
  readonly #seen = new Set<string>();
  #bytes = 0;

  start(path: string): void {
    try {
      if (statSync(path).isDirectory()) this.#folder({ path, unit: path, depth: 0, above: [] });
      else this.#file(path, path, true);
    } catch (error) {
      this.#unreadable(path, error);
    }
  }

  #folder({ path, unit, depth, above }: Folder): void {
    const real = realpathSync.native(path);
    if (above.includes(real)) {
      const hint = 'Remove the link, or name the folder it leads to.';
      this.problems.push({ path, message: 'is a link that leads back to a folder above it', hint });
      return;
    }
    if (this.#seen.has(real)) return;
    this.#seen.add(real);
    if (depth > bounds.folderDepth) {
      const hint = 'Name a folder further in.';
      this.problems.push({ path, message: `is more than ${bounds.folderDepth} folders deep`, hint });
      return;
    }
    if (existsSync(join(path, 'Chart.yaml'))) {
      this.skipped.push(`${path}: a Helm chart; validate what \`helm template\` renders from it`);
      return;
    }
    this.folders.push(path);
    const own = kustomizations.some((name) => existsSync(join(path, name)));
    const inner = { unit: own ? path : unit, depth: depth + 1, above: [...above, real] };
    const entries = readdirSync(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) this.#entry(path, entry, inner);
  }

  #entry(folder: string, entry: Dirent, inner: Omit<Folder, 'path'>): void {
    const { name } = entry;
    if (this.files.length >= bounds.files || name.startsWith('.') || name === 'node_modules') return;
    const path = join(folder, name);
    try {
      const isFolder = entry.isSymbolicLink() ? statSync(path).isDirectory() : entry.isDirectory();
      if (isFolder) this.#folder({ ...inner, path });
      else if (/\.(?:ya?ml|json)$/.test(name) && !ownFiles.has(name))
        this.#file(path, inner.unit, entry.isSymbolicLink());
    } catch (error) {
      this.#unreadable(path, error);
    }
  }

  #file(path: string, unit: string, isLink: boolean): void {
    const real = isLink ? realpathSync.native(path) : resolve(path);
    if (this.#seen.has(real)) return;
    this.#seen.add(real);
    const { size } = statSync(path);
    if (size > bounds.fileBytes) {
      const message = `is ${Math.ceil(size / 1_048_576)} MiB, more than the ${bounds.fileBytes / 1_048_576} MiB a manifest may have`;
      this.problems.push({ path, message, hint: 'Split it, or leave it out of the paths.' });
      return;
    }
    this.#bytes += size;
    if (this.#bytes > bounds.totalBytes || this.files.length + 1 === bounds.files) {
      if (this.problems.some(({ message }) => message === tooMuch)) return;
      this.problems.push({ path, message: tooMuch, hint: 'Name smaller folders.' });
      return;
    }
    this.files.push({ path, bytes: size, unit });
  }

  #unreadable(path: string, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    const loop = code === 'ELOOP';
    const message = loop ? 'is a link that leads to itself (ELOOP)' : `cannot be read (${code})`;
    this.problems.push({
      path,
      message,
      hint: loop ? 'Remove the link.' : 'Check the path and its permissions.',
    });
  }
}

const tooMuch = `is beyond the bound of ${bounds.files} files or ${bounds.totalBytes / 1_048_576} MiB`;

export function listFiles(paths: readonly string[]): FileList {
  const walk = new Walk();
  for (const path of paths) walk.start(path);
  return walk;
}
