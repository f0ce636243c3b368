/**
 * Which kustomizations are applied and what belongs to them. Nothing is built here: kustomize does that. A kustomization
 * that another one names is a part of it; one that nobody names is applied on its own.
 */
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kustomizationNames } from './file-list.ts';
import { isList, isObject, type Json } from './json.ts';
import type { Unseen } from './unseen.ts';
import { splitDocuments } from './yaml-split.ts';

export interface KustomizationGraph {
  /** Folders to build, in order; none that names what would have to be fetched. */
  readonly roots: readonly string[];
  /** True when a kustomization names this file or folder. */
  readonly isNamed: (path: string) => boolean;
  readonly problems: readonly Unseen[];
}

/** Of a folder that has one. */
export function kustomizationFile(folder: string): string {
  return join(
    folder,
    kustomizationNames.find((name) => existsSync(join(folder, name))) ?? 'kustomization.yaml',
  );
}

const maxKustomizations = 1_000;
const render = 'Or give the output: `kubectl kustomize FOLDER | clrk validate -`.';

/** Every text in the file, as deep as the reader lets it be. */
function* textsIn(value: Json | undefined): Iterable<string> {
  if (typeof value === 'string') yield value;
  else if (isList(value)) for (const item of value) yield* textsIn(item);
  else if (isObject(value)) for (const item of Object.values(value)) yield* textsIn(item);
}

function isRemote(text: string): boolean {
  return /^(?:[a-z][a-z+.-]*:\/\/|git@|git::|(?:www\.)?(?:github|gitlab|bitbucket)\.(?:com|org)[/:])/.test(
    text,
  );
}

/** Lists of files and folders that are configuration of plugins: what these name is loaded as well. */
const pluginLists = ['generators', 'transformers', 'validators'];
const entryLists = [
  'resources',
  'bases',
  'components',
  'crds',
  'configurations',
  'patchesStrategicMerge',
  ...pluginLists,
];
/** Wherever they stand, in a kustomization or in the configuration of a plugin, kustomize loads what they name. */
const loadingKeys: ReadonlySet<string> = new Set(['path', 'files', 'envs', 'env', 'repo', 'valuesFile']);

/** Every text that is loaded as a file, or as a URL where it is one. */
function* loadedIn(value: Json | undefined): Iterable<string> {
  if (isList(value)) for (const item of value) yield* loadedIn(item);
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (loadingKeys.has(key)) yield* namesIn(item);
    else yield* loadedIn(item);
  }
}

/** Generators write NAME=FILE. */
function* namesIn(value: Json | undefined): Iterable<string> {
  for (const text of textsIn(value)) {
    yield text;
    if (text.includes('=')) yield text.slice(text.indexOf('=') + 1);
  }
}

interface Visit {
  readonly folder: string;
  /** What it renders to configures plugins. */
  readonly isPlugin: boolean;
}

class Graph {
  /** Real paths of every file and folder that a kustomization names. */
  readonly named = new Set<string>();
  readonly problems: Unseen[] = [];
  /** Of each kustomization, by real path: those it names. */
  readonly #parts = new Map<string, readonly string[]>();
  readonly #plugins = new Set<string>();
  /** Those that name what is not here: kustomize would fetch it, and asks no proxy for what is on this machine. */
  readonly #remote = new Set<string>();

  read(folder: string): void {
    // Not by recursion: a chain of bases may be long.
    const waiting: Visit[] = [{ folder: realpathSync.native(folder), isPlugin: false }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (next.isPlugin ? this.#plugins.has(next.folder) : this.#parts.has(next.folder)) continue;
      if (this.#parts.size === maxKustomizations) {
        const message = `is one of more than ${maxKustomizations} kustomizations`;
        this.problems.push({ path: kustomizationFile(folder), message, hint: 'Name smaller folders.' });
        return;
      }
      if (next.isPlugin) this.#plugins.add(next.folder);
      const parts = this.#readOne(next);
      this.#parts.set(
        next.folder,
        parts.map((part) => part.folder),
      );
      waiting.push(...parts);
    }
  }

  #readOne({ folder, isPlugin }: Visit): Visit[] {
    const path = kustomizationFile(folder);
    const documents = splitDocuments(readFileSync(path, 'utf8')).map((document) => document.read());
    const [first, ...more] = documents.flatMap((read) =>
      'problem' in read || read.value === null ? [] : [read.value],
    );
    if (more.length > 0) {
      const hint = 'kustomize reads the first one only: move the others to files of their own.';
      this.problems.push({ path, message: 'has more than one document', hint });
    }
    this.#refuseRemote(folder, path, loadedIn(first));
    const plugins = new Set<string>();
    for (const key of entryLists) {
      const entries = [...textsIn(isObject(first) ? first[key] : undefined)];
      this.#refuseRemote(folder, path, entries);
      if (!isPlugin && !pluginLists.includes(key)) continue;
      for (const entry of entries) {
        plugins.add(entry);
        this.#readPlugin(folder, entry);
      }
    }
    return [...namesIn(first)].flatMap((text) =>
      this.#local(folder, text).map((part) => ({ folder: part, isPlugin: isPlugin || plugins.has(text) })),
    );
  }

  /** The configuration of a plugin in a file of its own. */
  #readPlugin(folder: string, entry: string): void {
    const path = entry.includes('\n') ? undefined : resolve(folder, entry);
    const isFile = path !== undefined && existsSync(path) && statSync(path).isFile();
    // Written in place, or a file.
    const text = isFile ? readFileSync(path, 'utf8') : entry;
    for (const document of splitDocuments(text)) {
      const read = document.read();
      if (!('problem' in read)) {
        this.#refuseRemote(folder, isFile ? path : kustomizationFile(folder), loadedIn(read.value));
      }
    }
  }

  #refuseRemote(folder: string, path: string, entries: Iterable<string>): void {
    for (const text of entries) {
      if (!isRemote(text)) continue;
      this.#remote.add(folder);
      const hint = `Vendor it. ${render}`;
      this.problems.push({ path, message: `names ${text}, which is not here and is never fetched`, hint });
    }
  }

  /** Neither it nor what it names is of elsewhere. */
  #isHere(root: string): boolean {
    const seen = new Set<string>();
    const waiting = [realpathSync.native(root)];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      if (this.#remote.has(next)) return false;
      waiting.push(...(this.#parts.get(next) ?? []));
    }
    return true;
  }

  /** Notes what the text names here; gives the folder when it is a kustomization. */
  #local(folder: string, text: string): string[] {
    if (text === '' || text.length > 4_096 || /[\n\0]/.test(text)) return [];
    const target = resolve(folder, text);
    if (!existsSync(target)) return [];
    const real = realpathSync.native(target);
    this.named.add(real);
    const isPart = kustomizationNames.some((name) => existsSync(join(real, name)));
    return isPart && real !== folder ? [real] : [];
  }

  /** Those that no other one names, and of circles every member (kustomize will say so), but for what is of elsewhere. */
  roots(folders: readonly string[]): string[] {
    const parts = new Set([...this.#parts.values()].flat());
    const roots = folders.filter((folder) => !parts.has(realpathSync.native(folder)));
    const reached = new Set<string>();
    const waiting = roots.map((folder) => realpathSync.native(folder));
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      waiting.push(...(this.#parts.get(next) ?? []));
    }
    return folders
      .filter((folder) => roots.includes(folder) || !reached.has(realpathSync.native(folder)))
      .filter((folder) => this.#isHere(folder));
  }
}

/** Of all folders with a kustomization below the given paths. */
export function kustomizationGraph(folders: readonly string[]): KustomizationGraph {
  const graph = new Graph();
  for (const folder of folders) {
    try {
      graph.read(folder);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
      const hint = 'Check the file and its permissions.';
      graph.problems.push({ path: kustomizationFile(folder), message: `cannot be read (${code})`, hint });
    }
  }
  return {
    roots: graph.roots(folders),
    isNamed: (path) => graph.named.has(realpathSync.native(path)),
    problems: graph.problems,
  };
}
