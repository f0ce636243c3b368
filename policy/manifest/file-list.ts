/**
 * What is below the given paths, each once and in order: the files `kubectl apply -R` reads (hidden ones too), and what
 * has to be rendered first, kustomizations and Helm charts. Bounded, and safe on links that lead back up: a mistaken `/`
 * ends with a message. What is not looked into is in `problems`, never passed over in silence.
 */
import { existsSync, readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Unseen } from './unseen.ts';

export interface ManifestFile {
  readonly path: string;
  /** See `Manifest.unit`. */
  readonly unit: string;
  /** May hold other things than manifests: what is no Kubernetes object in it is none of ours. */
  readonly isMixed: boolean;
}

export interface FileList {
  readonly files: readonly ManifestFile[];
  /** Folders with a kustomization. */
  readonly kustomizations: readonly string[];
  /** Files in such folders: kustomize decides whether they count. */
  readonly kustomized: readonly ManifestFile[];
  /** Folders with a Chart.yaml, not those inside them. */
  readonly charts: readonly string[];
  readonly problems: readonly Unseen[];
  /** Folders that were gone through, for files that are about others (clrk-sources.json). */
  readonly folders: readonly string[];
}

export const bounds = {
  fileBytes: 16 * 1024 * 1024,
  totalBytes: 512 * 1024 * 1024,
  files: 100_000,
  folderDepth: 32,
} as const;

/** `clrk validate -` */
export const stdinPath = '-';

export const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
const ownFiles = new Set(['clrk-waivers.yaml', 'clrk-sources.json', 'construct-metadata.json']);

interface Folder {
  readonly path: string;
  readonly unit: string;
  readonly isKustomized: boolean;
  readonly depth: number;
  /** Real paths of this folder and those above it: a link to one of them would never end. */
  readonly above: readonly string[];
}

class Walk implements FileList {
  readonly files: ManifestFile[] = [];
  readonly kustomizations: string[] = [];
  readonly kustomized: ManifestFile[] = [];
  readonly charts: string[] = [];
  readonly problems: Unseen[] = [];
  readonly folders: string[] = [];
  readonly #seen = new Set<string>();
  #bytes = 0;

  start(given: string): void {
    const path = kustomizationNames.includes(basename(given)) ? dirname(given) : given;
    try {
      if (path === stdinPath) this.files.push({ path, unit: path, isMixed: false });
      else if (statSync(path).isDirectory())
        this.#folder({ path, unit: path, isKustomized: false, depth: 0, above: [] });
      else this.#file({ path, unit: path, isMixed: false }, { isLink: true, into: this.files });
    } catch (error) {
      this.#unreadable(path, error);
    }
  }

  #folder(folder: Folder): void {
    const { path, depth, above } = folder;
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
      this.charts.push(path);
      return;
    }
    this.folders.push(path);
    this.#entries(folder, [...above, real]);
  }

  #entries({ path, unit, isKustomized, depth }: Folder, above: readonly string[]): void {
    const own = kustomizationNames.some((name) => existsSync(join(path, name)));
    if (own) this.kustomizations.push(path);
    const inner = {
      unit: own ? path : unit,
      isKustomized: own || isKustomized,
      depth: depth + 1,
      above,
    };
    const entries = readdirSync(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) this.#entry(path, entry, inner);
  }

  #entry(folder: string, entry: Dirent, inner: Omit<Folder, 'path'>): void {
    const { name } = entry;
    if (this.files.length >= bounds.files) return;
    const path = join(folder, name);
    try {
      const isLink = entry.isSymbolicLink();
      if (isLink ? statSync(path).isDirectory() : entry.isDirectory()) this.#subfolder(path, name, inner);
      else if (/\.(?:ya?ml|json)$/.test(name) && !kustomizationNames.includes(name)) {
        const isMixed = ownFiles.has(name) || name.endsWith('.json');
        const into = inner.isKustomized ? this.kustomized : this.files;
        this.#file({ path, unit: inner.unit, isMixed }, { isLink, into });
      }
    } catch (error) {
      this.#unreadable(path, error);
    }
  }

  #subfolder(path: string, name: string, inner: Omit<Folder, 'path'>): void {
    if (name !== 'node_modules') return this.#folder({ ...inner, path });
    const hint = 'Name the folder that is applied.';
    this.problems.push({ path, message: 'holds packages and is not looked into', hint });
  }

  #file(
    file: ManifestFile,
    { isLink, into }: { readonly isLink: boolean; readonly into: ManifestFile[] },
  ): void {
    const { path } = file;
    const real = isLink ? realpathSync.native(path) : resolve(path);
    if (this.#seen.has(real)) return;
    this.#seen.add(real);
    const found = statSync(path);
    // A pipe may be named, as a shell's <(…) does; one that lies in a folder would be waited for without end.
    if (!found.isFile() && file.unit !== path) {
      const hint = 'Remove it.';
      this.problems.push({ path, message: 'is neither a file nor a folder', hint });
      return;
    }
    if (found.size > bounds.fileBytes) {
      const message = `is ${Math.ceil(found.size / 1_048_576)} MiB, more than the ${bounds.fileBytes / 1_048_576} MiB a manifest may have`;
      this.problems.push({ path, message, hint: 'Split it, or leave it out of the paths.' });
      return;
    }
    this.#bytes += found.size;
    if (this.#bytes > bounds.totalBytes || this.files.length + 1 === bounds.files) {
      if (this.problems.some(({ message }) => message === tooMuch)) return;
      this.problems.push({ path, message: tooMuch, hint: 'Name smaller folders.' });
      return;
    }
    into.push(file);
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
