/**
 * The manifests against a cluster. Each is applied as a server-side dry run, which changes nothing and lets the API
 * server do its own defaulting; then everything of our group that git does not have is looked for.
 */
import { ClrkError, errorMessage } from '../../contract/index.ts';
import {
  driftOf,
  isObject,
  needsCreated,
  renderName,
  type Json,
  type JsonObject,
  type Manifest,
  type ObjectVersions,
} from '../../policy/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Discovery, ownGroup, ownVersion, resourcePath, type Resource } from '../cluster/discovery.ts';
import { undecided } from '../reach/undecided.ts';

export interface ClusterDrift {
  readonly object: string;
  readonly change: 'changed' | 'missing' | 'not in git';
  /** Where it differs; empty when all of it does. */
  readonly paths: readonly string[];
  /** Where git has it; absent: nowhere. */
  readonly place?: string;
}

export interface ClusterQuestion {
  readonly cluster: Cluster;
  readonly manifests: readonly Manifest[];
  readonly fieldManager: string;
  readonly signal: AbortSignal;
}

function isMissing(error: unknown): boolean {
  return error instanceof ClrkError && error.code === 'NOT_FOUND';
}

async function readObject(question: ClusterQuestion, path: string): Promise<JsonObject | undefined> {
  try {
    const answer = (await question.cluster.json({ path, signal: question.signal })) as Json;
    return isObject(answer) ? answer : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function compare(
  question: ClusterQuestion,
  manifest: Manifest,
  resource: Resource,
): Promise<ClusterDrift[]> {
  const { cluster, fieldManager, signal } = question;
  const namespace = manifest.namespace ?? cluster.namespace;
  const path = resourcePath(resource, namespace, manifest.name);
  const object = renderName({ ...manifest, namespace: resource.namespaced ? namespace : undefined });
  const { file, line } = manifest.locate([]);
  const place = `${file}:${line}`;
  const live = await readObject(question, path);
  if (live === undefined) return [{ object, change: 'missing', paths: [], place }];
  const applied = (await cluster.json({
    method: 'PATCH',
    path,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    query: { fieldManager, force: 'true', dryRun: 'All' },
    body: JSON.stringify(manifest.value),
    signal,
  })) as JsonObject;
  const versions: ObjectVersions = { desired: manifest.value, live, applied, applier: fieldManager };
  const created = needsCreated(versions) ? await readCreated(question, manifest, resource) : undefined;
  const paths = driftOf({ ...versions, created });
  return paths.length === 0 ? [] : [{ object, change: 'changed', paths, place }];
}

const probeSuffix = '-clrk-drift';

/**
 * What the server would make of git's object were it not there: which fields are its defaults. Only a dry run, under a
 * name of its own. Undefined when the server will not say: then what others set is told, default or not.
 */
async function readCreated(
  { cluster, signal }: ClusterQuestion,
  { value, metadata, namespace = cluster.namespace, name }: Manifest,
  resource: Resource,
): Promise<JsonObject | undefined> {
  const body = JSON.stringify({
    ...value,
    metadata: { ...metadata, name: `${name.slice(0, 200)}${probeSuffix}` },
  });
  try {
    const answer = (await cluster.json({
      method: 'POST',
      path: resourcePath(resource, namespace),
      headers: { 'content-type': 'application/json' },
      query: { dryRun: 'All', fieldManager: probeSuffix.slice(1) },
      body,
      signal,
    })) as Json;
    return isObject(answer) ? answer : undefined;
  } catch (error) {
    if (error instanceof ClrkError && error.code === 'CLUSTER_UNREACHABLE') throw error;
    return undefined;
  }
}

interface Listed {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly ownerReferences?: ReadonlyArray<{ readonly controller?: boolean }>;
  };
}

/** The one kind of our group that controllers make; whoever says so of another kind hides it. */
const madeKind = 'AgentSandboxRevision';

/** Objects of our group nobody wrote to git. What a controller made is its own business. */
async function findUnknown(
  { cluster, manifests, signal }: ClusterQuestion,
  own: readonly Resource[],
): Promise<ClusterDrift[]> {
  const known = new Set(
    manifests.map((manifest) =>
      renderName({ ...manifest, namespace: manifest.namespace ?? cluster.namespace }),
    ),
  );
  const found: ClusterDrift[] = [];
  for (const resource of own) {
    for await (const { metadata } of listed(cluster, resource, signal)) {
      const object = renderName({ kind: resource.kind, namespace: metadata.namespace, name: metadata.name });
      const made =
        resource.kind === madeKind &&
        metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
      if (!made && !known.has(object)) found.push({ object, change: 'not in git', paths: [] });
    }
  }
  return found;
}

/** Every object of a kind, page by page. */
async function* listed(cluster: Cluster, resource: Resource, signal: AbortSignal): AsyncGenerator<Listed> {
  let next: string | undefined;
  do {
    const query = { limit: '500', continue: next };
    const page = (await cluster.json({ path: resourcePath(resource, undefined), query, signal })) as {
      readonly items: readonly Listed[];
      readonly metadata?: { readonly continue?: string };
    };
    yield* page.items;
    next = page.metadata?.continue === '' ? undefined : page.metadata?.continue;
  } while (next !== undefined);
}

export async function computeClusterDrift(question: ClusterQuestion): Promise<ClusterDrift[]> {
  const discovery = new Discovery(question.cluster);
  const drift: ClusterDrift[] = [];
  const problems: string[] = [];
  for (const manifest of question.manifests) {
    const { file, line } = manifest.locate([]);
    const resource = await discovery.find(manifest.apiVersion, manifest.kind);
    if (resource === undefined) {
      problems.push(`${file}:${line}: the server has no kind ${manifest.kind} in ${manifest.apiVersion}`);
      continue;
    }
    try {
      drift.push(...(await compare(question, manifest, resource)));
    } catch (error) {
      if (error instanceof ClrkError && error.code === 'CLUSTER_UNREACHABLE') throw error;
      problems.push(`${file}:${line}: ${renderName(manifest)}: ${errorMessage(error).split('\n')[0] ?? ''}`);
    }
  }
  if (problems.length > 0)
    throw undecided('CLUSTER_REFUSED', problems, 'Install the kinds first, or fix what the server refuses.');
  return [...drift, ...(await findUnknown(question, await discovery.list(`${ownGroup}/${ownVersion}`)))];
}
