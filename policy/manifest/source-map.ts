/**
 * `clrk-sources.json`, which synth leaves beside the manifests (constructs/source-record.ts writes it): the line of
 * TypeScript behind each object. It is a convenience: without it, or when it cannot be read, findings have their YAML line.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isList, isObject, type JsonObject } from './json.ts';
import type { ObjectName, SourceLocation } from './manifest.ts';

interface Entry extends SourceLocation {
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Undefined for what constructs/source-record.ts does not write. By hand: there is one for every object. */
function parseEntry(value: unknown): Entry | undefined {
  if (!isObject(value)) return undefined;
  const { kind, namespace, name } = value;
  const place = parsePlace(value);
  if (place === undefined || !isText(kind) || !isText(name)) return undefined;
  return { kind, namespace: isText(namespace) ? namespace : undefined, name, ...place };
}

function parsePlace({ construct, file, line, column }: JsonObject): SourceLocation | undefined {
  if (!isText(construct) || !isText(file) || !isPlace(line) || !isPlace(column)) return undefined;
  return { construct, file, line, column };
}

export const sourcesFile = 'clrk-sources.json';

function keyOf({
  kind,
  namespace = '',
  name,
}: {
  kind: string;
  namespace?: string | undefined;
  name: string;
}): string {
  return `${kind}/${namespace}/${name}`;
}

export class SourceMap {
  readonly #entries = new Map<string, Entry[]>();

  /** Of these folders, those that have one. */
  static read(folders: readonly string[]): SourceMap {
    const map = new SourceMap();
    for (const folder of folders) map.#add(join(folder, sourcesFile));
    return map;
  }

  #add(path: string): void {
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(path, 'utf8'));
    } catch {
      return;
    }
    const objects = isObject(content) && content['version'] === 1 ? content['objects'] : undefined;
    for (const value of isList(objects) ? objects : []) {
      const entry = parseEntry(value);
      if (entry === undefined) continue;
      const known = this.#entries.get(keyOf(entry));
      if (known === undefined) this.#entries.set(keyOf(entry), [entry]);
      else known.push(entry);
    }
  }

  /** Charts may hold objects of one name; the one whose chart is the manifest's folder is meant. */
  find(object: ObjectName, file: string): SourceLocation | undefined {
    const entries = this.#entries.get(keyOf(object)) ?? [];
    const chart = basename(dirname(file));
    const entry = entries.find(({ construct }) => construct.startsWith(`${chart}/`)) ?? entries[0];
    if (entry === undefined) return undefined;
    return { construct: entry.construct, file: entry.file, line: entry.line, column: entry.column };
  }
}
