/** One manifest as the object the operator's compiler takes, or what is wrong with it. Pure. */
import { apiGroup, apiVersionName } from '../../api/index.ts';
import { checkKind, defaultNamespace, renderName, renderPath, type Manifest } from '../../policy/index.ts';

export interface CompiledObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Manifest['metadata'] & { readonly name: string; readonly namespace?: string };
  readonly spec: unknown;
  /** Only of kinds whose status decides about reach. */
  readonly status?: unknown;
}

const ownVersion = `${apiGroup}/${apiVersionName}`;
/** Built-in kinds whose content decides about reach: labels of namespaces. */
const foreignKinds = new Set(['v1/Namespace']);
/** Until when an answer holds is in its status. */
const statusKinds = new Set(['Approval']);

export function place(manifest: Manifest, path: ReadonlyArray<string | number>): string {
  const { file, line, column } = manifest.locate(path);
  return `${file}:${line}:${column}`;
}

function identityOf({ apiVersion, kind, metadata, name, namespace }: Manifest): Omit<CompiledObject, 'spec'> {
  const within = kind === 'Namespace' ? {} : { namespace: namespace ?? defaultNamespace };
  return { apiVersion, kind, metadata: { ...metadata, name, ...within } };
}

function problemOf(
  manifest: Manifest,
  issue: { readonly path: ReadonlyArray<string | number>; readonly message: string } | undefined,
): { readonly problem: string } {
  const at = issue?.path ?? [];
  return {
    problem: `${place(manifest, at)}: ${renderName(manifest)} ${renderPath(at)}: ${issue?.message ?? 'invalid'}`,
  };
}

/** Undefined for kinds that do not decide about reach. */
export function compiledObject(
  manifest: Manifest,
): { readonly object: CompiledObject } | { readonly problem: string } | undefined {
  const { apiVersion, kind } = manifest;
  const named = identityOf(manifest);
  if (foreignKinds.has(`${apiVersion}/${kind}`)) return { object: { ...named, spec: undefined } };
  if (!apiVersion.startsWith(`${apiGroup}/`)) return undefined;
  const verdict = apiVersion === ownVersion ? checkKind(manifest) : undefined;
  if (verdict === undefined) {
    return { problem: `${place(manifest, ['kind'])}: there is no kind ${kind} in ${apiVersion}` };
  }
  const [issue] = verdict.issues;
  if (issue === undefined && verdict.spec !== undefined) {
    const status = statusKinds.has(kind) ? { status: manifest.value['status'] } : {};
    return { object: { ...named, spec: verdict.spec, ...status } };
  }
  return problemOf(manifest, issue);
}

/** In a cluster the labels of every namespace are known. */
function labelled({ metadata, ...rest }: CompiledObject): CompiledObject {
  return { ...rest, metadata: { ...metadata, labels: metadata['labels'] ?? {} } };
}

/** With a Namespace for each that is named. */
export function withNamespaces(objects: readonly CompiledObject[]): CompiledObject[] {
  const known = objects.filter(({ kind }) => kind === 'Namespace');
  const rest = objects.filter(({ kind }) => kind !== 'Namespace');
  const names = new Set(rest.flatMap(({ metadata: { namespace } }) => namespace ?? []));
  for (const { metadata } of known) names.delete(metadata.name);
  const made = [...names].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
    spec: undefined,
  }));
  return [...rest, ...[...known, ...made].map(labelled)];
}
