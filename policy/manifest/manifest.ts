/** One object of the given files, and where it is written: in YAML always, in TypeScript when synth has recorded it. */
import type { Json, JsonObject } from './json.ts';
import type { Path } from './path.ts';
import type { Position } from './yaml-document.ts';

/** In a file, from 1. */
export interface Location extends Position {
  readonly file: string;
}

/** The line of a program that made the object. */
export interface SourceLocation extends Location {
  /** Path of the construct, such as `examples/hello`. */
  readonly construct: string;
}

export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  /** Undefined: where the manifests are applied. */
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface Manifest extends ObjectName {
  /** As written. */
  readonly value: JsonObject;
  readonly metadata: JsonObject;
  readonly spec: Json | undefined;
  readonly file: string;
  /**
   * The set it is applied with: the environment somebody named, or else the kustomization it is rendered from, or else
   * the path that was given. Two sets may hold different objects of one name when they are environments.
   */
  readonly unit: string;
  /** Where the value at this path of the object is written. Parses the document again: for findings only. */
  locate(path: Path): Location;
  readonly source: SourceLocation | undefined;
}

/** `TaskAgent default/hello`, for people. */
export function renderName({ kind, namespace, name }: Omit<ObjectName, 'apiVersion'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
