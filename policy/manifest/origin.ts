/**
 * Where a rendered object was written: the file that a kustomization names and that holds an object of its kind and name.
 * For places in reports only: what counts is what was rendered.
 */
import { readFileSync } from 'node:fs';
import type { ManifestFile } from './file-list.ts';
import type { Manifest, ObjectName } from './manifest.ts';
import { ManifestReader, type ReaderContext } from './manifest-reader.ts';

function keyOf({ apiVersion, kind, name }: ObjectName): string {
  return `${apiVersion}/${kind}/${name}`;
}

/** Undefined for names that several files have, or none: kustomize may have renamed it. */
export function originsIn(
  files: readonly ManifestFile[],
  context: ReaderContext,
): (object: ObjectName, folder: string) => Manifest | undefined {
  const reader = new ManifestReader(context);
  for (const file of files) {
    try {
      reader.text(readFileSync(file.path, 'utf8'), file);
    } catch {
      // It has no places then; that it cannot be read is told by kustomize.
    }
  }
  const found = new Map<string, Manifest[]>();
  for (const manifest of reader.manifests) {
    const known = found.get(keyOf(manifest));
    if (known === undefined) found.set(keyOf(manifest), [manifest]);
    else known.push(manifest);
  }
  return (object, folder) => {
    const all = found.get(keyOf(object)) ?? [];
    const near = all.filter(({ file }) => file.startsWith(`${folder}/`));
    const [only, ...more] = near.length > 0 ? near : all;
    return more.length === 0 ? only : undefined;
  };
}
