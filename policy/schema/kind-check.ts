/**
 * One object of ours against the schema and CEL rules of its kind: the structures of api/ that the CRDs are made of, so
 * that what passes here passes the API server. Compiled once a kind, on first use.
 */
import {
  customResourceDefinition,
  kinds,
  maxScheduleInputBytes,
  type KindDefinition,
} from '../../api/index.ts';
import { isList, isObject, type Json, type JsonObject } from '../manifest/json.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { compileCelWalk, type CelCheck } from './cel-walk.ts';
import { checkMetadata } from './metadata.ts';
import { compileStructural } from './structural.ts';
import { Walk, type Check, type SchemaIssue } from './walk.ts';

export interface KindVerdict {
  /** The spec with defaults; undefined when the object is refused. */
  readonly spec: Json | undefined;
  readonly issues: readonly SchemaIssue[];
}

interface CompiledKind {
  readonly structural: Check;
  readonly cel: CelCheck;
}

/** The spec's schema as the CRD has it. */
function specSchema(definition: KindDefinition): JsonObject {
  let schema: unknown = customResourceDefinition(definition);
  for (const part of ['spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'spec']) {
    schema = isObject(schema) ? schema[part] : isList(schema) ? schema[Number(part)] : undefined;
  }
  if (!isObject(schema)) throw new Error(`the CRD of ${definition.kind} has no schema for spec`);
  return schema;
}

const compiled = new Map<string, CompiledKind>();

/** Undefined for a kind that is not ours. */
function compiledKind(kind: string): CompiledKind | undefined {
  const known = compiled.get(kind);
  if (known !== undefined) return known;
  const definition = kinds.find((each) => each.kind === kind);
  if (definition === undefined) return undefined;
  const schema = specSchema(definition);
  const fresh = { structural: compileStructural(schema), cel: compileCelWalk(schema) };
  compiled.set(kind, fresh);
  return fresh;
}

/** A structural schema cannot bound the depth of any JSON: what cannot even be written down is walked no further. */
function isTooDeep(spec: Json, walk: Walk): boolean {
  if (bytesOf(spec) !== undefined) return false;
  walk.add('Invalid value: nested too deeply', true);
  return true;
}

/** Nor its size. */
function checkSize(spec: Json, walk: Walk): void {
  const input = isObject(spec) ? spec['scheduleInput'] : undefined;
  if (input === undefined || (bytesOf(input) ?? 0) <= maxScheduleInputBytes) return;
  walk.within('scheduleInput', () =>
    walk.add(`Too long: may not be more than ${maxScheduleInputBytes} bytes`),
  );
}

function bytesOf(value: Json): number | undefined {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return undefined;
  }
}

const topFields = new Set(['apiVersion', 'kind', 'metadata', 'spec', 'status']);

/**
 * What is wrong with the shape of a spec: types, bounds, what is required and what is too large. Rules of CEL are left out:
 * an object the API server took before a rule was written goes on.
 */
export function shapeIssues(kind: string, spec: Json | undefined): readonly SchemaIssue[] {
  const walk = new Walk();
  walk.path.push('spec');
  if (spec === undefined) walk.add('Required value', true);
  else if (!isTooDeep(spec, walk)) {
    const shaped = compiledKind(kind)?.structural(spec, walk);
    if (shaped !== undefined) checkSize(shaped, walk);
  }
  return walk.issues.filter((issue) => issue.isUnknownField !== true);
}

/** Of a kind of ours; undefined for any other. */
export function checkKind(
  manifest: Pick<Manifest, 'kind' | 'value' | 'metadata' | 'spec'>,
): KindVerdict | undefined {
  const kind = compiledKind(manifest.kind);
  if (kind === undefined) return undefined;
  const walk = new Walk();
  for (const field of Object.keys(manifest.value)) {
    if (!topFields.has(field)) walk.within(field, () => walk.addUnknownField());
  }
  walk.within('metadata', () => checkMetadata(manifest.metadata, walk));
  walk.path.push('spec');
  if (manifest.spec === undefined) walk.add('Required value', true);
  const isReadable = manifest.spec !== undefined && !isTooDeep(manifest.spec, walk);
  const spec = isReadable ? kind.structural(manifest.spec, walk) : null;
  checkSize(spec, walk);
  if (!walk.issues.some(({ isBlocking }) => isBlocking)) kind.cel(spec, walk);
  return {
    spec: walk.issues.some((issue) => issue.isUnknownField !== true) ? undefined : spec,
    issues: walk.issues,
  };
}
