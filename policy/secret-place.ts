/**
 * Every place of an object where text stands, with the name a person gave it: a variable's, a header's, a key's of a
 * ConfigMap. For the rule that looks for credentials in manifests; it judges nothing.
 */
import { isList, isObject, type Json, type JsonObject } from './manifest/json.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { Path } from './manifest/path.ts';

export interface TextPlace {
  readonly path: Path;
  readonly value: string;
  /** What the value is of, where its author named it. */
  readonly name: string | undefined;
}

/** Deeper than any object that an API server takes. */
const maxDepth = 64;

/** Maps whose keys are names that the author of the manifest chose. */
function isNamed(path: Path, kind: string): boolean {
  const key = path.at(-1);
  if (path.length === 1)
    return (kind === 'ConfigMap' || kind === 'Secret') && (key === 'data' || key === 'stringData');
  return key === 'headers' || (key === 'annotations' && path.at(-2) === 'metadata');
}

function* walk(
  value: Json | undefined,
  path: Path,
  at: { readonly kind: string; readonly name?: string | undefined },
): Iterable<TextPlace> {
  if (path.length > maxDepth) return;
  if (typeof value === 'string') yield { path, value, name: at.name };
  else if (isList(value))
    for (const [index, each] of value.entries()) yield* walk(each, [...path, index], { kind: at.kind });
  else if (isObject(value)) yield* fields(value, path, at.kind);
}

function* fields(value: JsonObject, path: Path, kind: string): Iterable<TextPlace> {
  const named = isNamed(path, kind);
  // A variable of a container, a header of a probe: { name, value }.
  const own = typeof value['name'] === 'string' ? value['name'] : undefined;
  for (const [key, each] of Object.entries(value)) {
    yield* walk(each, [...path, key], { kind, name: named ? key : key === 'value' ? own : undefined });
  }
}

/** The values of a Secret, and binary ones of a ConfigMap, are what they stand for, not their base64. */
function decoded(place: TextPlace, { kind }: Manifest): TextPlace {
  const encoded = kind === 'Secret' ? 'data' : kind === 'ConfigMap' ? 'binaryData' : undefined;
  if (encoded === undefined || place.path[0] !== encoded) return place;
  return { ...place, value: Buffer.from(place.value, 'base64').toString('utf8').trim() };
}

export function textPlaces(manifest: Manifest): TextPlace[] {
  return [...walk(manifest.value, [], { kind: manifest.kind })].map((place) => decoded(place, manifest));
}
