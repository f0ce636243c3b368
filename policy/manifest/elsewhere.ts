/**
 * Objects that stand for manifests which somebody else renders: what they stand for is seen only when they point at a
 * folder that is read here as well, and say nothing about changing it. Pure.
 */
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Named } from './object-name.ts';

/** What of a Flux Kustomization and of an Argo CD source leaves the files as they are. */
const plainFlux = new Set([
  'interval',
  'timeout',
  'retryInterval',
  'path',
  'sourceRef',
  'prune',
  'wait',
  'dependsOn',
  'healthChecks',
  'serviceAccountName',
  'suspend',
  'force',
]);
const plainArgo = new Set(['repoURL', 'targetRevision', 'path', 'ref', 'name']);

function onlyHas(value: JsonObject, known: ReadonlySet<string>): boolean {
  return Object.keys(value).every((key) => known.has(key));
}

/** The folder, when the files in it are applied as they are. */
function plainPath(value: Json | undefined, known: ReadonlySet<string>): string | undefined {
  if (!isObject(value) || !onlyHas(value, known)) return undefined;
  const { path } = value;
  return typeof path === 'string' ? path : undefined;
}

/** For each kind: what of its spec names the folder; undefined: it never does. */
const kinds: Readonly<Record<string, (spec: JsonObject) => string | undefined>> = {
  'argoproj.io/Application': (spec) => plainPath(spec['source'], plainArgo),
  'argoproj.io/ApplicationSet': () => undefined,
  'helm.cattle.io/HelmChart': () => undefined,
  'helm.toolkit.fluxcd.io/HelmRelease': () => undefined,
  'kustomize.toolkit.fluxcd.io/Kustomization': (spec) => plainPath(spec, plainFlux),
};

/** True of an object whose content is not among what is read. `isRead` tells of a folder whether it is. */
export function isRenderedElsewhere(
  { apiVersion, kind, value }: Named,
  isRead: (folder: string) => boolean,
): boolean {
  const folderOf = kinds[`${apiVersion.split('/')[0] ?? ''}/${kind}`];
  if (folderOf === undefined) return false;
  const spec = value['spec'];
  const folder = isObject(spec) ? folderOf(spec) : undefined;
  return folder === undefined || !isRead(folder);
}
