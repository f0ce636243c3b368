/**
 * Who set which field of a live object, from the server's managedFields. Nobody is excused by a name that anybody can
 * take: a controller's own bookkeeping is known by the field. Pure; it never tells values.
 */
import { isList, isObject, type Json, type JsonObject } from '../manifest/json.ts';
import type { Path } from '../manifest/path.ts';
import { valueAt } from './difference.ts';

export interface OwnedField {
  readonly path: Path;
  readonly manager: string;
}

/** Fields below `fields` that `desired` does not have. `k:` names a list's element by its keys, `v:` by its value. */
function unknownTo(fields: Json | undefined, desired: Json | undefined, path: Path): Path[] {
  if (!isObject(fields)) return [];
  return Object.entries(fields).flatMap(([key, inner]): Path[] => {
    if (key.startsWith('f:')) return unknownField(key.slice(2), inner, desired, path);
    if (key.startsWith('k:')) return unknownItem(key.slice(2), inner, desired, path);
    return [];
  });
}

function unknownField(name: string, inner: Json | undefined, desired: Json | undefined, path: Path): Path[] {
  const value = isObject(desired) ? desired[name] : undefined;
  return value === undefined ? leaves(inner, [...path, name]) : unknownTo(inner, value, [...path, name]);
}

function unknownItem(keys: string, inner: Json | undefined, desired: Json | undefined, path: Path): Path[] {
  const wanted = JSON.parse(keys) as Record<string, string | number | boolean>;
  const items = isList(desired) ? desired : [];
  const index = items.findIndex(
    (item) => isObject(item) && Object.entries(wanted).every(([name, value]) => item[name] === value),
  );
  return index < 0
    ? [[...path, Object.values(wanted).join('/')]]
    : unknownTo(inner, items[index], [...path, index]);
}

/** The fields themselves and not the map they are in: one map may hold what is bookkeeping and what is not. */
function leaves(fields: Json | undefined, path: Path): Path[] {
  const inner = isObject(fields) ? Object.entries(fields).filter(([key]) => key.startsWith('f:')) : [];
  return inner.length === 0 ? [path] : inner.flatMap(([key, each]) => leaves(each, [...path, key.slice(2)]));
}

/** What tools that apply manifests write on each object, and controllers of Kubernetes on theirs. */
const bookkeeping = [
  /^kubectl\.kubernetes\.io\/last-applied-configuration$/,
  /^(?:argocd\.argoproj\.io|kustomize\.toolkit\.fluxcd\.io|helm\.toolkit\.fluxcd\.io|meta\.helm\.sh)\//,
  // Not the label that takes a namespace out of admission.
  /^clrk\.apoxy\.dev\/(?!admission$)/,
  /^app\.kubernetes\.io\/(?:instance|managed-by)$/,
  /^(?:deployment\.kubernetes\.io\/revision|kubernetes\.io\/metadata\.name)$/,
];
const identity = new Set(['name', 'namespace', 'finalizers', 'ownerReferences']);

/** Written by a tool or by the server on what they keep, and no setting of anybody's. */
export function isBookkeeping({ path: [top, field, key], manager }: OwnedField): boolean {
  if (top === 'status') return true;
  if (top !== 'metadata') return false;
  if (field === undefined || identity.has(String(field))) return true;
  if (field !== 'annotations' && field !== 'labels') return false;
  // The map itself: what is in it is told by its keys.
  if (key === undefined) return true;
  // Routes choose agents by label: one that a person set by hand is no tool's.
  const byHand = field === 'labels' && manager.startsWith('kubectl');
  return !byHand && bookkeeping.some((pattern) => pattern.test(String(key)));
}

function entriesOf(live: JsonObject): JsonObject[] {
  const { metadata } = live;
  const entries = isObject(metadata) ? metadata['managedFields'] : undefined;
  return (isList(entries) ? entries : []).filter(isObject);
}

/** What a client-side apply sent, by the annotation it leaves: the rest of what it owns is defaults. */
function lastApplied(live: JsonObject): Json | undefined {
  const text = valueAt(live, ['metadata', 'annotations', 'kubectl.kubernetes.io/last-applied-configuration']);
  try {
    return typeof text === 'string' ? (JSON.parse(text) as Json) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The server defaults fields for whoever creates an object, and they are then that manager's. What a client-side apply
 * sent is in the annotation it leaves: a hint, for anybody can write one.
 */
export function isHintedDefault({ path, manager }: OwnedField, live: JsonObject): boolean {
  const applied = lastApplied(live);
  return (
    manager === 'kubectl-client-side-apply' && applied !== undefined && valueAt(applied, path) === undefined
  );
}

/** Fields that somebody else than `applier` set and `desired` does not have. */
export function foreignFields(desired: JsonObject, live: JsonObject, applier: string): OwnedField[] {
  return entriesOf(live).flatMap(({ manager, fieldsV1, subresource }): OwnedField[] => {
    if (typeof manager !== 'string' || manager === applier || subresource === 'status') return [];
    return unknownTo(fieldsV1, desired, [])
      .map((path) => ({ path, manager }))
      .filter((each) => !isBookkeeping(each));
  });
}

function isSet(fields: Json | undefined, [first, ...rest]: Path): boolean {
  if (first === undefined) return true;
  if (!isObject(fields)) return false;
  if (typeof first === 'number')
    return Object.entries(fields).some(([key, inner]) => key.startsWith('k:') && isSet(inner, rest));
  const inner = fields[`f:${first}`];
  // An atomic field is one leaf, whatever is in it.
  return inner !== undefined && (isSet(inner, rest) || (isObject(inner) && Object.keys(inner).length === 0));
}

/** Who set the field at this path, if the server says. */
export function ownerAt(live: JsonObject, path: Path): string | undefined {
  const entry = entriesOf(live).find(({ fieldsV1 }) => isSet(fieldsV1, path));
  return typeof entry?.['manager'] === 'string' ? entry['manager'] : undefined;
}
