/**
 * `clrk-sources.json`, which synth leaves beside the manifests (constructs/source-record.ts writes it): the line of
 * TypeScript behind each object. It is a convenience: without it, or when it cannot be read, findings have their YAML line.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import type { ObjectName, SourceLocation } from './manifest.ts';

const schema = Type.Object({
  version: Type.Literal(1),
  objects: Type.Array(
    Type.Object({
      kind: Type.String(),
      namespace: Type.Optional(Type.String()),
      name: Type.String(),
      construct: Type.String(),
      file: Type.String(),
      line: Type.Integer({ minimum: 1 }),
      column: Type.Integer({ minimum: 1 }),
    }),
    { maxItems: 1_000_000 },
  ),
});
type Entry = Static<typeof schema>['objects'][number];

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
    if (!Value.Check(schema, content)) return;
    for (const entry of content.objects) {
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
