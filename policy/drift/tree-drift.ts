/**
 * Two folders as path to text: what a fresh synth would change in the committed one. Manifests are compared as objects,
 * everything else byte by byte, and a file is found whatever its name. Pure.
 */
import { isList, isObject, type Json, type JsonObject } from '../manifest/json.ts';
import { renderName } from '../manifest/manifest.ts';
import { renderPath } from '../manifest/path.ts';
import { splitDocuments } from '../manifest/yaml-split.ts';
import { differences } from './difference.ts';
import { withDefaults } from './defaulted.ts';

export interface TreeDrift {
  readonly path: string;
  readonly change: 'stale' | 'missing' | 'left over';
  /** `EgressGateway team/out spec.defaultPolicy`; empty: the file as a whole. */
  readonly fields: readonly string[];
}

/** What each synth writes anew and nobody commits: where constructs are in the code. */
const notCommitted = /(?:^|\/)(?:clrk-sources|construct-metadata)\.json$/;
const maxFields = 20;

function flatten(value: Json): Json[] {
  if (!isObject(value) || !isList(value['items'])) return [value];
  return textOf(value['kind']).endsWith('List') ? value['items'].flatMap(flatten) : [value];
}

/** Undefined for text that is no YAML, or none that can be read. */
function documentsOf(path: string, text: string): Json[] | undefined {
  if (!/\.(?:ya?ml|json)$/i.test(path) && !/(?:^|\/)Kustomization$/.test(path)) return undefined;
  // Text came in as bytes, one a character.
  const read = splitDocuments(Buffer.from(text, 'latin1').toString('utf8')).map((document) =>
    document.read(),
  );
  const values = read.flatMap((each) => ('value' in each ? flatten(each.value) : []));
  return read.some((each) => 'problem' in each) ? undefined : values.filter((value) => value !== null);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function nameOf({ kind, metadata }: JsonObject): string {
  const { namespace, name } = isObject(metadata) ? metadata : {};
  const within = textOf(namespace);
  return renderName({
    kind: textOf(kind),
    namespace: within === '' ? undefined : within,
    name: textOf(name),
  });
}

/** By identity where it is an object, by place where it is not. */
function keyed(values: readonly Json[]): Map<string, Json> {
  const known = new Map<string, Json>();
  for (const [index, value] of values.entries()) {
    const key = isObject(value) ? `${textOf(value['apiVersion'])} ${nameOf(value)}` : String(index);
    known.set(known.has(key) ? `${key} ${index}` : key, isObject(value) ? withDefaults(value) : value);
  }
  return known;
}

function fieldsOf(before: readonly Json[], after: readonly Json[]): string[] {
  const [old, now] = [keyed(before), keyed(after)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const value = old.get(key) ?? now.get(key);
    const subject = isObject(value) ? nameOf(value) : '';
    return differences(old.get(key), now.get(key)).map((path) => `${subject} ${renderPath(path)}`.trim());
  });
}

/** The fields that differ; undefined: nothing does. */
function changedFields(path: string, old: string, now: string): string[] | undefined {
  if (old === now) return undefined;
  const [before, after] = [documentsOf(path, old), documentsOf(path, now)];
  if (before === undefined || after === undefined) return [];
  const fields = fieldsOf(before, after);
  if (fields.length === 0) return undefined;
  return fields.length > maxFields
    ? [...fields.slice(0, maxFields), `and ${fields.length - maxFields} more`]
    : fields;
}

/** Under such a name an object could hide from review and still be applied with the folder. */
function holdsObject(path: string, text: string): boolean {
  return (documentsOf(path, text) ?? []).some(
    (value) => isObject(value) && 'apiVersion' in value && 'kind' in value,
  );
}

function driftAt(path: string, old: string | undefined, now: string | undefined): TreeDrift[] {
  const generated =
    notCommitted.test(path) && now !== undefined && !(old !== undefined && holdsObject(path, old));
  if (generated) return [];
  if (old === undefined || now === undefined) {
    return [{ path, change: old === undefined ? 'missing' : 'left over', fields: [] }];
  }
  const fields = changedFields(path, old, now);
  return fields === undefined ? [] : [{ path, change: 'stale', fields }];
}

/** `committed` against `fresh`, by path; text is bytes, one a character. */
export function treeDrift(
  committed: ReadonlyMap<string, string>,
  fresh: ReadonlyMap<string, string>,
): TreeDrift[] {
  const paths = [...new Set([...committed.keys(), ...fresh.keys()])].sort();
  return paths.flatMap((path) => driftAt(path, committed.get(path), fresh.get(path)));
}
