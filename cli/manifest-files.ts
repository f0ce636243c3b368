/**
 * Manifests from `-f`: files, directories and stdin, as objects in the order they are to be applied. Reading is at
 * the edge; parsing and ordering are pure. Bounded: a mistaken `-f /` must end with a message, not with the memory.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../contract/index.ts';
import { usageError } from './exit-code.ts';

const objectSchema = Type.Object({
  apiVersion: Type.String({ minLength: 1 }),
  kind: Type.String({ minLength: 1 }),
  metadata: Type.Object({
    name: Type.String({ minLength: 1 }),
    namespace: Type.Optional(Type.String()),
  }),
});
const listSchema = Type.Object({
  kind: Type.String({ pattern: 'List$' }),
  items: Type.Array(Type.Unknown()),
});

export type Manifest = Static<typeof objectSchema> & Readonly<Record<string, unknown>>;

const maxFileBytes = 16 * 1024 * 1024;
const maxFiles = 10_000;
/** YAML aliases expand; this is the parser's own default against "billion laughs". */
const maxAliasCount = 100;

/** What others need before they can exist comes first (kustomize's order, shortened). */
const order: readonly string[] = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'Role',
  'ClusterRole',
];

function rank(manifest: Manifest): number {
  const index = order.indexOf(manifest.kind);
  return index < 0 ? order.length : index;
}

/** Stable: objects of one rank keep the order of their files. */
export function orderManifests(manifests: readonly Manifest[]): readonly Manifest[] {
  return [...manifests].sort((a, b) => rank(a) - rank(b));
}

function flatten(value: unknown, source: string): Manifest[] {
  if (value === null || value === undefined) return [];
  if (Value.Check(listSchema, value)) return value.items.flatMap((item) => flatten(item, source));
  if (!Value.Check(objectSchema, value)) {
    throw new ClrkError(
      'MANIFEST_INVALID',
      `${source}: a document has no apiVersion, kind or metadata.name`,
      {
        hint: 'Each YAML document must be one Kubernetes object or a List.',
      },
    );
  }
  // A kustomization tells kustomize what to read; no server knows it.
  return value.apiVersion.startsWith('kustomize.config.k8s.io/') ? [] : [value];
}

/** The objects of one YAML or JSON text. `source` is for messages. */
export function parseManifests(text: string, source: string): Manifest[] {
  if (isKustomization(source)) return [];
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) {
      throw new ClrkError('MANIFEST_INVALID', `${source}: ${problem.message.split('\n')[0] ?? 'not YAML'}`);
    }
    return flatten(document.toJS({ maxAliasCount }), source);
  });
}

function isKustomization(source: string): boolean {
  return /(?:^|\/)kustomization\.ya?ml$/.test(source);
}

function listFolder(folder: string, recursive: boolean): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return recursive ? listFolder(path, recursive) : [];
      return /\.(?:ya?ml|json)$/.test(entry.name) ? [path] : [];
    });
}

function listPath(path: string, recursive: boolean): string[] {
  try {
    return statSync(path).isDirectory() ? listFolder(path, recursive) : [path];
  } catch (cause) {
    throw usageError(`cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`);
  }
}

/** Every object of the given paths; `-` is `stdin`. */
export function readManifests(
  paths: readonly string[],
  recursive: boolean,
  stdin: string,
): readonly Manifest[] {
  const files = paths.flatMap((path) => (path === '-' ? ['-'] : listPath(path, recursive)));
  if (files.length > maxFiles) throw usageError(`more than ${maxFiles} files`, 'Name a smaller directory.');
  const manifests = files.flatMap((file) => {
    if (file === '-') return parseManifests(stdin, 'stdin');
    if (statSync(file).size > maxFileBytes) throw usageError(`${file} is larger than 16 MiB`);
    return parseManifests(readFileSync(file, 'utf8'), file);
  });
  if (manifests.length === 0)
    throw usageError('no objects in what -f names', 'Directories need -R to go deeper.');
  return orderManifests(manifests);
}
