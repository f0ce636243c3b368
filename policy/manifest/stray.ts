/**
 * Manifests that lie in the folder of a kustomization without being part of it. kustomize passes them over,
 * `kubectl apply -R` does not: which of the two applies the folder nobody can say from here.
 */
import { readFileSync } from 'node:fs';
import type { ManifestFile } from './file-list.ts';
import { isObject, type Json } from './json.ts';
import type { Unseen } from './unseen.ts';
import { splitDocuments } from './yaml-split.ts';

function isManifest(value: Json): boolean {
  return isObject(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string';
}

/** True also of what cannot be read: it may be one. */
function holdsManifests({ path, isMixed }: ManifestFile): boolean {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return true;
  }
  return splitDocuments(text).some((document) => {
    const read = document.read();
    return 'problem' in read ? !isMixed : isManifest(read.value);
  });
}

export function strays(files: readonly ManifestFile[]): Unseen[] {
  const message = 'lies in the folder of a kustomization that does not name it';
  const hint = 'Add it to resources, move it, or remove it.';
  return files.filter(holdsManifests).map(({ path }) => ({ path, message, hint }));
}
