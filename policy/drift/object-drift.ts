/**
 * One object of git against the one in the cluster: where they differ, by path. Pure. The API server has already said
 * what applying git's object would make of the live one (server-side dry run). What that leaves alone because others own
 * it is told too: for kinds of ours everything in `spec` beyond git and its defaults, whoever set it; for others what a
 * manager set, unless the server itself would. It never tells values: they may be secrets.
 */
import { isObject, type Json, type JsonObject } from '../manifest/json.ts';
import { renderPath, type Path } from '../manifest/path.ts';
import { differences, valueAt } from './difference.ts';
import { isOurs, withDefaults } from './defaulted.ts';
import { foreignFields, isBookkeeping, isHintedDefault, ownerAt, type OwnedField } from './field-owner.ts';

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

function judged(object: JsonObject): JsonObject {
  const { status: _status, metadata, ...rest } = object;
  const kept = isObject(metadata) ? Object.entries(metadata).filter(([key]) => !serverOwned.has(key)) : [];
  return { ...rest, metadata: Object.fromEntries(kept) };
}

export interface ObjectVersions {
  /** As git has it. */
  readonly desired: JsonObject;
  readonly live: JsonObject;
  /** As the API server would have it after applying git's. */
  readonly applied: JsonObject;
  /** As the API server would have it were it not there yet; absent: nobody asked. */
  readonly created?: JsonObject | undefined;
  /** Field manager git is applied with. */
  readonly applier: string;
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return differences(a, b).length === 0;
}

/**
 * The operator never writes a spec: what of it git and the schema do not say, somebody else did, whether the server still
 * says who or not. Labels too, because routes choose agents by them.
 */
function beyondGit({ desired, live }: ObjectVersions): OwnedField[] {
  if (!isOurs(desired)) return [];
  const spec = differences(withDefaults(desired)['spec'], withDefaults(live)['spec'], ['spec']);
  const known = valueAt(desired, ['metadata', 'labels']);
  const labels = Object.keys((valueAt(live, ['metadata', 'labels']) ?? {}) as JsonObject)
    .filter((key) => !isObject(known) || known[key] === undefined)
    .map((key) => ['metadata', 'labels', key]);
  return [...spec, ...labels]
    .map((path) => ({ path, manager: ownerAt(live, path) ?? '' }))
    .filter((field) => !isBookkeeping(field));
}

/** It binds volumes, scales and counts, in kinds of others; it writes nothing in ours. */
const kubernetesController = 'kube-controller-manager';

/** Only a server knows the defaults of kinds that are not ours: ask it for `created` where others set fields. */
export function needsCreated({ desired, live, applier }: Omit<ObjectVersions, 'created'>): boolean {
  return !isOurs(desired) && foreignFields(desired, live, applier).length > 0;
}

/** Fields of other managers that git does not have; `created` tells which of them are the server's defaults. */
function foreignFieldsOf({ desired, live, applier, created }: ObjectVersions): OwnedField[] {
  const ours = isOurs(desired);
  const known = ours ? withDefaults(desired) : created;
  return foreignFields(desired, live, applier).filter((field) => {
    if (!ours && field.manager === kubernetesController) return false;
    const value = valueAt(live, field.path);
    if (value === undefined) return true;
    return known === undefined ? !isHintedDefault(field, live) : !isSame(value, valueAt(known, field.path));
  });
}

function render({ path, manager }: OwnedField): string {
  return manager === '' ? renderPath(path) : `${renderPath(path)} (set by ${manager})`;
}

/** Paths that differ, bounded; empty: no drift. */
export function driftOf(versions: ObjectVersions): string[] {
  const { live, applied } = versions;
  const found = new Map<string, string>();
  const add = (path: Path, text: string): void => {
    const key = renderPath(path);
    if (!found.has(key)) found.set(key, text);
  };
  for (const path of differences(judged(live), judged(applied))) add(path, renderPath(path));
  for (const field of [...beyondGit(versions), ...foreignFieldsOf(versions)]) add(field.path, render(field));
  const all = [...found.values()];
  return all.length > maxPaths ? [...all.slice(0, maxPaths), `and ${all.length - maxPaths} more`] : all;
}
