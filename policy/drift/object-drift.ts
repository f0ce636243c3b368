/**
 * One object of git against the one in the cluster: where they differ, by path. Pure. The API server has already said
 * what applying git's object would make of the live one (server-side dry run), so defaults are no difference; what other
 * people set beside git's fields is found by who owns it. It never tells values: they may be secrets.
 */
import { isList, isObject, type Json, type JsonObject } from '../manifest/json.ts';
import { renderPath, type Path } from '../manifest/path.ts';

/** Written by the server or by controllers on every change. */
const serverOwned = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
]);
const maxPaths = 20;

/** The paths at which two values differ, deepest first where both are objects. */
function differences(before: Json | undefined, after: Json | undefined, path: Path): Path[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  if (isList(before) && isList(after) && before.length === after.length) {
    return before.flatMap((each, index) => differences(each, after[index], [...path, index]));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
}

function judged(object: JsonObject): JsonObject {
  const { status: _status, metadata, ...rest } = object;
  const kept = isObject(metadata) ? Object.entries(metadata).filter(([key]) => !serverOwned.has(key)) : [];
  return { ...rest, metadata: Object.fromEntries(kept) };
}

/** Which of git's objects' fields the owner set, that git does not have. `k:` names a list's element by its keys. */
function unknownTo(fields: Json | undefined, desired: Json | undefined, path: Path): Path[] {
  if (!isObject(fields)) return [];
  return Object.entries(fields).flatMap(([key, inner]): Path[] => {
    if (key.startsWith('f:')) {
      const name = key.slice(2);
      const value = isObject(desired) ? desired[name] : undefined;
      return value === undefined ? [[...path, name]] : unknownTo(inner, value, [...path, name]);
    }
    if (!key.startsWith('k:')) return [];
    const wanted = JSON.parse(key.slice(2)) as Record<string, string | number | boolean>;
    const items = isList(desired) ? desired : [];
    const index = items.findIndex(
      (item) => isObject(item) && Object.entries(wanted).every(([name, value]) => item[name] === value),
    );
    const at = Object.values(wanted).join('/');
    return index < 0 ? [[...path, at]] : unknownTo(inner, items[index], [...path, index]);
  });
}

// Who applies manifests, and who is ours: what they own beside git's fields is defaulting or a controller's work.
const ownManagers =
  /^(?:clrk|kube-controller-manager|kube-apiserver|argocd-|kustomize-controller|helm-controller|Helm|kubectl$|kubectl-client-side-apply|kubectl-create)/;

function foreignFields(desired: JsonObject, live: JsonObject, applier: string): string[] {
  const entries = isObject(live['metadata']) ? live['metadata']['managedFields'] : undefined;
  return (isList(entries) ? entries : []).flatMap((entry) => {
    if (!isObject(entry) || entry['subresource'] !== undefined) return [];
    const { manager, fieldsV1 } = entry;
    if (
      typeof manager !== 'string' ||
      manager === applier ||
      ownManagers.test(manager) ||
      !isObject(fieldsV1)
    )
      return [];
    const { 'f:status': _status, ...fields } = fieldsV1;
    return unknownTo(fields, desired, [])
      .filter((path) => path.join('.') !== 'metadata')
      .map((path) => `${renderPath(path)} (set by ${manager})`);
  });
}

export interface ObjectVersions {
  /** As git has it. */
  readonly desired: JsonObject;
  readonly live: JsonObject;
  /** As the API server would have it after applying git's. */
  readonly applied: JsonObject;
  /** Field manager git is applied with. */
  readonly applier: string;
}

/** Paths that differ, bounded; empty: no drift. */
export function driftOf({ desired, live, applied, applier }: ObjectVersions): string[] {
  const changed = differences(judged(live), judged(applied), []).map(renderPath);
  const all = [...new Set([...changed, ...foreignFields(desired, live, applier)])];
  return all.length > maxPaths ? [...all.slice(0, maxPaths), `and ${all.length - maxPaths} more`] : all;
}
