/**
 * Manifests on disk as the documents reach is computed from: one set for each folder that is applied on its own (two
 * environments may hold different objects of one name). What cannot be read or breaks its schema ends the command: a
 * closed set over half of the manifests would be a wrong answer.
 */
import { relative } from 'node:path';
import { apiGroup, apiVersionName } from '../../api/index.ts';
import { agentId, agentKinds } from '../../contract/index.ts';
import {
  checkKind,
  defaultNamespace,
  loadManifests,
  renderName,
  renderPath,
  type Manifest,
  type ReachDocuments,
} from '../../policy/index.ts';
import { undecided } from './undecided.ts';

export interface ManifestSet {
  /** Path of its folder below the one that was asked about; empty: that one. */
  readonly label: string;
  readonly documents: ReachDocuments;
}

interface Compiled {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Manifest['metadata'] & { readonly name: string; readonly namespace?: string };
  readonly spec: unknown;
}

const ownVersion = `${apiGroup}/${apiVersionName}`;
/** Built-in kinds whose content decides about reach: labels of namespaces. */
const foreignKinds = new Set(['v1/Namespace']);
const clusterScoped = new Set(['Namespace']);

function place(manifest: Manifest, path: ReadonlyArray<string | number>): string {
  const { file, line, column } = manifest.locate(path);
  return `${file}:${line}:${column}`;
}

function identityOf({ apiVersion, kind, metadata, name, namespace }: Manifest): Omit<Compiled, 'spec'> {
  const within = clusterScoped.has(kind) ? {} : { namespace: namespace ?? defaultNamespace };
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

function checked(
  manifest: Manifest,
): { readonly object: Compiled } | { readonly problem: string } | undefined {
  const { apiVersion, kind } = manifest;
  const named = identityOf(manifest);
  if (foreignKinds.has(`${apiVersion}/${kind}`)) return { object: { ...named, spec: undefined } };
  if (!apiVersion.startsWith(`${apiGroup}/`)) return undefined;
  const verdict = apiVersion === ownVersion ? checkKind(manifest) : undefined;
  if (verdict === undefined) {
    return { problem: `${place(manifest, ['kind'])}: there is no kind ${kind} in ${apiVersion}` };
  }
  const [issue] = verdict.issues;
  if (issue === undefined && verdict.spec !== undefined) return { object: { ...named, spec: verdict.spec } };
  return problemOf(manifest, issue);
}

interface Unit {
  readonly objects: Compiled[];
  readonly names: Map<string, Manifest>;
}

/** Two documents of one name in what is applied together: which of them counts, nobody can say. */
function claim(unit: Unit, manifest: Manifest): string | undefined {
  const key = `${manifest.apiVersion} ${renderName({ ...manifest, namespace: manifest.namespace ?? defaultNamespace })}`;
  const first = unit.names.get(key);
  if (first === undefined) unit.names.set(key, manifest);
  return first && `${place(manifest, [])}: ${renderName(manifest)} is also at ${place(first, [])}`;
}

function readUnits(root: string): Map<string, Unit> {
  const { manifests, problems, skipped: _skipped } = loadManifests([root]);
  const units = new Map<string, Unit>();
  const found = problems.map(
    ({ location: { file, line, column }, message }) => `${file}:${line}:${column}: ${message}`,
  );
  for (const manifest of manifests) {
    const result = checked(manifest);
    if (result === undefined) continue;
    const unit = units.get(manifest.unit) ?? { objects: [], names: new Map<string, Manifest>() };
    units.set(manifest.unit, unit);
    const problem = claim(unit, manifest) ?? ('problem' in result ? result.problem : undefined);
    if (problem !== undefined) found.push(problem);
    else if ('object' in result) unit.objects.push(result.object);
  }
  if (found.length > 0) throw undecided('MANIFESTS_INVALID', found, '`clrk validate` tells all of it.');
  if (manifests.length === 0) {
    throw undecided(
      'MANIFESTS_MISSING',
      [`there are no manifests in ${root}`],
      'Run `cdk8s synth`, or name a folder.',
    );
  }
  return units;
}

/** Two folders that hold objects of one name are two environments: nothing in one is there for the other. */
function shares(unit: Unit, names: Unit['names']): boolean {
  return [...unit.names.keys()].some((key) => names.has(key));
}

/** `compile` is operator/compile's, passed in: it is loaded only by commands that need it. */
export function readManifestSets(
  root: string,
  compile: (objects: readonly Compiled[]) => ReachDocuments,
): ManifestSet[] {
  const units = readUnits(root);
  return [...units].flatMap(([path, { objects, names }]): ManifestSet[] => {
    const own = new Set(
      objects.flatMap(({ kind, metadata: { namespace, name } }) =>
        agentKinds
          .filter((each) => each === kind)
          .map((each) => agentId({ kind: each, namespace: namespace ?? defaultNamespace, name })),
      ),
    );
    if (own.size === 0) return [];
    const around = [...units.values()].filter((unit) => !shares(unit, names)).flatMap((unit) => unit.objects);
    const { gateways, pools } = compile([...objects, ...around]);
    const agents = pools.map((pool) => ({
      ...pool,
      agents: pool.agents.filter((agent) => own.has(agentId(agent))),
    }));
    return [{ label: relative(root, path), documents: { gateways, pools: agents } }];
  });
}
