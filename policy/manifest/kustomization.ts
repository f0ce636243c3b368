/**
 * Which kustomizations are applied and what belongs to them. Nothing is built here: kustomize does that. A kustomization
 * that another one names is a part of it; one that nobody names is applied on its own.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kustomizationNames } from './file-list.ts';
import { isList, isObject, type Json } from './json.ts';
import type { Unseen } from './unseen.ts';
import { splitDocuments } from './yaml-split.ts';

export interface KustomizationGraph {
  /** Folders to build, in order. */
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

const entryLists = [
  'resources',
  'bases',
  'components',
  'crds',
  'configurations',
  'generators',
  'transformers',
  'validators',
  'patchesStrategicMerge',
];

class Graph {
  /** Real paths of every file and folder that a kustomization names. */
  readonly named = new Set<string>();
  readonly problems: Unseen[] = [];
  /** Of each kustomization, by real path: those it names. */
  readonly #parts = new Map<string, readonly string[]>();

  read(folder: string): void {
    // Not by recursion: a chain of bases may be long.
    const waiting = [realpathSync.native(folder)];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (this.#parts.has(next)) continue;
      if (this.#parts.size === maxKustomizations) {
        const message = `is one of more than ${maxKustomizations} kustomizations`;
        this.problems.push({ path: kustomizationFile(folder), message, hint: 'Name smaller folders.' });
        return;
      }
      const parts = this.#readOne(next);
      this.#parts.set(next, parts);
      waiting.push(...parts);
    }
  }

  #readOne(folder: string): string[] {
    const path = kustomizationFile(folder);
    const documents = splitDocuments(readFileSync(path, 'utf8')).map((document) => document.read());
    const [first, ...more] = documents.flatMap((read) =>
      'problem' in read || read.value === null ? [] : [read.value],
    );
    if (more.length > 0) {
      const hint = 'kustomize reads the first one only: move the others to files of their own.';
      this.problems.push({ path, message: 'has more than one document', hint });
    }
    for (const key of entryLists) this.#refuseRemote(path, isObject(first) ? first[key] : undefined);
    // Generators write NAME=FILE.
    const texts = [...textsIn(first)].flatMap((text) => [text, text.slice(text.indexOf('=') + 1)]);
    return texts.flatMap((text) => this.#local(folder, text));
  }

  #refuseRemote(path: string, entries: Json | undefined): void {
    for (const text of textsIn(entries)) {
      if (!isRemote(text)) continue;
      const hint = `Vendor it. ${render}`;
      this.problems.push({ path, message: `names ${text}, which is not here and is never fetched`, hint });
    }
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

  /** Those that no other one names, and of circles every member: kustomize will say so. */
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
    return folders.filter((folder) => roots.includes(folder) || !reached.has(realpathSync.native(folder)));
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
