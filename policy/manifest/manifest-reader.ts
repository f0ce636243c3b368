/**
 * Texts of manifest files as manifests, with the place of each and of all that is wrong. Shared by everything that is
 * read together: what aliases may expand to is one allowance. It reads no file.
 */
import { basename } from 'node:path';
import type { Finding } from '../finding.ts';
import { isRenderedElsewhere } from './elsewhere.ts';
import type { ManifestFile } from './file-list.ts';
import type { Json, JsonObject } from './json.ts';
import type { Location, Manifest, ObjectName, SourceLocation } from './manifest.ts';
import { isForKustomize, nameOf, notKubernetes, openLists, type Named } from './object-name.ts';
import type { Path } from './path.ts';
import type { SourceMap } from './source-map.ts';
import type { Position, YamlDocument } from './yaml-document.ts';
import { splitDocuments } from './yaml-split.ts';
import { aliasAllowance } from './yaml-value.ts';

/** A stream of documents this long is no manifest. */
const maxDocuments = 50_000;

export interface ReaderContext {
  readonly sources: SourceMap;
  /** For objects that name none. */
  readonly namespace: string | undefined;
  /** Whether a folder, as a person names it, is read too. */
  readonly isRead: (folder: string) => boolean;
  /** The set an object belongs to, from its file and the folder it was found by. */
  readonly unitOf: (path: string, unit: string) => string;
}

export interface TextFile extends ManifestFile {
  /** The text is what the file renders to: lines in it are no lines of the file. */
  readonly isRendered?: boolean;
  /** Where an object of a rendered text was written, if that is known. */
  readonly originOf?: (object: ObjectName) => Manifest | undefined;
}

interface Place {
  readonly file: TextFile;
  readonly document: YamlDocument;
  /** Of the object in the document: not empty inside a List. */
  readonly base: Path;
}

function locationOf({ file, document, base }: Place, path: Path): Location {
  const at = file.isRendered === true ? { line: 1, column: 1 } : document.locate([...base, ...path]);
  return { file: file.path, ...at };
}

interface Words {
  readonly rule: string;
  readonly message: string;
  readonly hint: string;
  readonly severity?: Finding['severity'];
}

function findingOf(location: Position & { readonly file: string }, words: Words): Finding {
  const about = { object: undefined, path: '', source: undefined };
  return { severity: 'error', ...words, location, ...about };
}

export class ManifestReader {
  readonly manifests: Manifest[] = [];
  readonly problems: Finding[] = [];
  readonly #context: ReaderContext;
  readonly #allowance = aliasAllowance();
  #generated = 0;

  constructor(context: ReaderContext) {
    this.#context = context;
  }

  text(text: string, given: TextFile): void {
    const file = { ...given, unit: this.#context.unitOf(given.path, given.unit) };
    const documents = splitDocuments(text);
    if (documents.length > maxDocuments) {
      const message = `${basename(file.path)} has more than ${maxDocuments} documents`;
      const location = { file: file.path, line: 1, column: 1 };
      this.problem(location, { rule: 'unreadable', message, hint: 'Split it.' });
      return;
    }
    for (const document of documents) this.#document(document, file);
  }

  #document(document: YamlDocument, file: TextFile): void {
    const read = document.read(this.#allowance);
    const placed = (at: Position): Location => ({
      file: file.path,
      ...(file.isRendered === true ? { line: 1, column: 1 } : { line: at.line, column: at.column }),
    });
    if ('problem' in read) {
      const { message } = read.problem;
      const hint = 'Until it can be read, nothing is known about the objects in it.';
      this.problem(placed(read.problem), { rule: 'yaml', message, hint });
      return;
    }
    for (const at of read.doubled) this.problem(placed(at), doubledKey);
    if (read.value !== null) this.#value(read.value, { file, document, base: [] });
  }

  #value(value: Json, place: Place): void {
    const opened = openLists(value);
    if (typeof opened === 'string') return this.#notAnObject(opened, place);
    for (const { value: each, base } of opened) this.#object(each, { ...place, base });
  }

  #object(value: Json, place: Place): void {
    const { namespace } = this.#context;
    const named = nameOf(value, { namespace, nextGenerated: () => (this.#generated += 1) });
    if (typeof named === 'string') {
      // package.json and its like lie around in folders; a YAML file that is no object is a mistake.
      if (named !== notKubernetes || !place.file.isMixed) this.#notAnObject(named, place);
      return;
    }
    this.manifests.push(new PlacedManifest(named, place, this.#context.sources));
    const elsewhere = elsewhereOf(named, this.#context.isRead);
    if (elsewhere !== undefined) this.problem(locationOf(place, []), { rule: 'not-seen', ...elsewhere });
  }

  #notAnObject(message: string, place: Place): void {
    const hint = 'Each YAML document must be one Kubernetes object or a List.';
    this.problem(locationOf(place, []), { rule: 'not-an-object', message, hint });
  }

  problem(location: Position & { readonly file: string }, words: Words): void {
    this.problems.push(findingOf(location, words));
  }
}

const doubledKey: Words = {
  rule: 'doubled-key',
  severity: 'warn',
  message: 'this key stands twice in its map',
  hint: 'kubectl takes the last one, kustomize refuses it: remove one.',
};

function elsewhereOf(
  named: Named,
  isRead: ReaderContext['isRead'],
): Pick<Words, 'message' | 'hint'> | undefined {
  const { kind, name } = named;
  if (isRenderedElsewhere(named, isRead)) {
    const hint = 'Validate what it renders to, or say --assume-partial.';
    return { message: `${kind} ${name} stands for manifests that are rendered elsewhere`, hint };
  }
  if (!isForKustomize(named)) return undefined;
  const hint = 'Name the file kustomization.yaml, or remove it.';
  return { message: `this ${kind} is for kustomize, which does not look into a file of this name`, hint };
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
  readonly #origin: Manifest | undefined;
  readonly #sources: SourceMap;

  constructor(named: Named, place: Place, sources: SourceMap) {
    this.apiVersion = named.apiVersion;
    this.kind = named.kind;
    this.namespace = named.namespace;
    this.name = named.name;
    this.value = named.value;
    this.metadata = named.metadata;
    this.#origin = place.file.originOf?.(named);
    this.file = this.#origin?.file ?? place.file.path;
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
    return this.#origin?.locate(path) ?? locationOf(this.#place, path);
  }
}
