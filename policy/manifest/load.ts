/**
 * Manifests of files and folders, each with its place. Everything that stands in the way is a finding with file and
 * line, never an exception, and never silence: what could not be read is in `problems`. The one place of policy/ that
 * reads files.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Finding } from '../finding.ts';
import { listFiles, type ManifestFile } from './file-list.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { Location, Manifest, ObjectName, SourceLocation } from './manifest.ts';
import type { Path } from './path.ts';
import { SourceMap } from './source-map.ts';
import { splitYaml, type Position, type YamlDocument } from './yaml-document.ts';

export interface LoadedManifests {
  readonly manifests: readonly Manifest[];
  /** Of the rules `unreadable`, `yaml` and `not-an-object`: the verdict on the rest is not the whole verdict. */
  readonly problems: readonly Finding[];
  readonly files: number;
  /** What was passed over on purpose, with the reason. */
  readonly skipped: readonly string[];
}

export interface LoadOptions {
  /** Called after each file. */
  readonly onFile?: (done: number, total: number) => void;
}

/** A stream of documents this long is no manifest. */
const maxDocuments = 50_000;

export function loadManifests(paths: readonly string[], { onFile }: LoadOptions = {}): LoadedManifests {
  const { files, problems, skipped, folders } = listFiles(paths);
  const sources = SourceMap.read([...new Set([...folders, ...folders.map((folder) => dirname(folder))])]);
  const reader = new Reader(sources);
  for (const { path, message, hint } of problems) {
    reader.problem(
      { file: path, line: 1, column: 1 },
      { rule: 'unreadable', message: `${basename(path)} ${message}`, hint },
    );
  }
  files.forEach((file, index) => {
    reader.file(file);
    onFile?.(index + 1, files.length);
  });
  return { manifests: reader.manifests, problems: reader.problems, files: files.length, skipped };
}

/** The manifests of one text; `file` is for places. Reads nothing. */
export function parseManifestText(
  text: string,
  file: string,
): Pick<LoadedManifests, 'manifests' | 'problems'> {
  const reader = new Reader(SourceMap.read([]));
  reader.text(text, { path: file, unit: file });
  return reader;
}

interface Place {
  readonly file: Pick<ManifestFile, 'path' | 'unit'>;
  readonly document: YamlDocument;
  /** Of the object in the document: not empty inside a List. */
  readonly base: Path;
}

class Reader {
  readonly manifests: Manifest[] = [];
  readonly problems: Finding[] = [];
  readonly #sources: SourceMap;

  constructor(sources: SourceMap) {
    this.#sources = sources;
  }

  file(file: ManifestFile): void {
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file.path));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
      const message = code.startsWith('ERR_ENCODING') ? 'is not UTF-8' : `cannot be read (${code})`;
      const hint = 'Check the file and its permissions.';
      this.problem(
        { file: file.path, line: 1, column: 1 },
        { rule: 'unreadable', message: `${basename(file.path)} ${message}`, hint },
      );
      return;
    }
    this.text(text, file);
  }

  text(text: string, file: Pick<ManifestFile, 'path' | 'unit'>): void {
    const documents = splitYaml(text);
    if (documents.length > maxDocuments) {
      const message = `${basename(file.path)} has more than ${maxDocuments} documents`;
      this.problem(
        { file: file.path, line: 1, column: 1 },
        { rule: 'unreadable', message, hint: 'Split it.' },
      );
      return;
    }
    for (const document of documents) this.#document(document, file);
  }

  #document(document: YamlDocument, file: Pick<ManifestFile, 'path' | 'unit'>): void {
    const read = document.read();
    if ('problem' in read) {
      const { message, line, column } = read.problem;
      const hint = 'Until it can be read, nothing is known about the objects in it.';
      this.problem({ file: file.path, line, column }, { rule: 'yaml', message, hint });
      return;
    }
    if (read.value !== null) this.#value(read.value, { file, document, base: [] });
  }

  #value(value: Json, place: Place): void {
    if (
      isObject(value) &&
      typeof value['kind'] === 'string' &&
      value['kind'].endsWith('List') &&
      isList(value['items'])
    ) {
      value['items'].forEach((item, index) =>
        this.#value(item, { ...place, base: [...place.base, 'items', index] }),
      );
      return;
    }
    const name = nameOf(value);
    if (typeof name === 'string') {
      // package.json and its like lie around in folders; a YAML file that is no object is a mistake.
      if (name === notKubernetes && place.file.path.endsWith('.json')) return;
      const location = { file: place.file.path, ...place.document.locate(place.base) };
      const hint = 'Each YAML document must be one Kubernetes object or a List.';
      this.problem(location, { rule: 'not-an-object', message: name, hint });
      return;
    }
    // A kustomization tells kustomize what to read; no server knows it.
    if (!name.apiVersion.startsWith('kustomize.config.k8s.io/')) this.#manifest(name, place);
  }

  #manifest(named: Named, place: Place): void {
    this.manifests.push(new PlacedManifest(named, place, this.#sources));
  }

  problem(
    location: Position & { readonly file: string },
    { rule, message, hint }: { readonly rule: string; readonly message: string; readonly hint: string },
  ): void {
    const about = { object: undefined, path: '', source: undefined };
    this.problems.push({ rule, severity: 'error', message, hint, location, ...about });
  }
}

/** One class, not an object literal each: there are many of them. */
class PlacedManifest implements Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly value: JsonObject;
  readonly metadata: JsonObject;
  readonly file: string;
  readonly unit: string;
  readonly #place: Place;
  readonly #sources: SourceMap;

  constructor(named: Named, place: Place, sources: SourceMap) {
    this.apiVersion = named.apiVersion;
    this.kind = named.kind;
    this.namespace = named.namespace;
    this.name = named.name;
    this.value = named.value;
    this.metadata = named.metadata;
    this.file = place.file.path;
    this.unit = place.file.unit;
    this.#place = place;
    this.#sources = sources;
  }

  get spec(): Json | undefined {
    return this.value['spec'];
  }

  get source(): SourceLocation | undefined {
    return this.#sources.find(this, this.file);
  }

  locate(path: Path): Location {
    const { document, base } = this.#place;
    return { file: this.file, ...document.locate([...base, ...path]) };
  }
}

interface Named extends ObjectName {
  readonly value: JsonObject;
  readonly metadata: JsonObject;
}

const notKubernetes = 'this document has no apiVersion and kind';

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '';
}

/** The object's name, or what it lacks. */
function nameOf(value: Json): Named | string {
  if (!isObject(value)) return 'this document is not an object';
  const { apiVersion, kind, metadata } = value;
  if (!isText(apiVersion) || !isText(kind)) return notKubernetes;
  if (!isObject(metadata)) return `this ${kind} has no metadata`;
  const { name, namespace } = metadata;
  if (!isText(name)) return `this ${kind} has no metadata.name`;
  if (namespace === undefined) return { apiVersion, kind, name, namespace, value, metadata };
  if (!isText(namespace)) return `metadata.namespace of this ${kind} is not text`;
  return { apiVersion, kind, name, namespace, value, metadata };
}
