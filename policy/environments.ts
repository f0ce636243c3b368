/**
 * Sets of manifests that are applied together, and what keeps anybody from telling them apart: folders that hold
 * different objects of one name are two environments, or one of them is a mistake. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Finding } from './finding.ts';
import { renderName, type Manifest } from './manifest/manifest.ts';
import { findingAt } from './object-check.ts';
import { namespaceOf } from './world.ts';

/** One object of a cluster: whatever has this key twice is written over. */
export function objectKey(manifest: Manifest): string {
  const group = manifest.apiVersion.includes('/') ? (manifest.apiVersion.split('/')[0] ?? '') : '';
  return `${group}/${manifest.kind}/${namespaceOf(manifest)}/${manifest.name}`;
}

/** The same namespace written down twice is still one namespace; of anything else it is not known which one is meant. */
export function isRepeatedNamespace(a: Manifest, b: Manifest): boolean {
  return a.kind === 'Namespace' && isDeepStrictEqual(a.value, b.value);
}

/** For each object that a set of an earlier place has too: the two of them. */
export function clashes(manifests: readonly Manifest[]): Array<readonly [Manifest, Manifest]> {
  const first = new Map<string, Manifest>();
  return manifests.flatMap((manifest): Array<readonly [Manifest, Manifest]> => {
    const key = objectKey(manifest);
    const known = first.get(key);
    if (known === undefined) first.set(key, manifest);
    if (known === undefined || known.unit === manifest.unit || isRepeatedNamespace(known, manifest))
      return [];
    return [[known, manifest]];
  });
}

/** One finding for every two sets that clash. */
export function ambiguousSets(manifests: readonly Manifest[]): Finding[] {
  const told = new Set<string>();
  return clashes(manifests).flatMap(([known, manifest]) => {
    const pair = `${known.unit}\n${manifest.unit}`;
    if (told.has(pair)) return [];
    told.add(pair);
    const { file, line } = known.locate([]);
    const message = `${renderName(manifest)} is also in ${file}:${line}: two environments, or one too many`;
    const hint = `Say which is which: --env one=${known.unit} --env two=${manifest.unit} (one name for both when both are applied to one cluster).`;
    return [
      findingAt(manifest, { rule: 'not-seen', severity: 'error', message, hint, path: ['metadata', 'name'] }),
    ];
  });
}
