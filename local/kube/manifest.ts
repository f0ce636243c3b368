/** Reads manifests from files in the order they must be applied: namespaces, kinds, rights, then what uses them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ClrkError } from '../../contract/index.ts';
import type { KubeObject } from './object.ts';

const order = [
  'Namespace',
  'CustomResourceDefinition',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'Service',
];

function rank(object: KubeObject): number {
  const index = order.indexOf(object.kind ?? '');
  return index < 0 ? order.length : index;
}

export function parseManifests(text: string, source: string): KubeObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) {
      throw new ClrkError(
        'MANIFEST_INVALID',
        `${source}: ${document.errors[0]?.message.split('\n')[0] ?? ''}`,
      );
    }
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : [value as KubeObject];
  });
}

function yamlFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => {
      const child = join(path, name);
      return statSync(child).isDirectory() || /\.ya?ml$/.test(name) ? yamlFiles(child) : [];
    });
}

/** Objects of a file or of every YAML file below a folder; stable within one rank. */
export function readManifests(path: string): KubeObject[] {
  return sortManifests(yamlFiles(path).flatMap((file) => parseManifests(readFileSync(file, 'utf8'), file)));
}

export function sortManifests(objects: readonly KubeObject[]): KubeObject[] {
  return objects.toSorted((a, b) => rank(a) - rank(b));
}
