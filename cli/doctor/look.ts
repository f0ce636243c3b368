/** Looks at a cluster for `clrk doctor`: reads only, and tells what it may not read from what is not there. Judges nothing. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { kinds } from '../../api/index.ts';
import { ClrkError } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ownGroup, ownVersion } from '../cluster/discovery.ts';
import {
  diagnoseKinds,
  diagnoseObjects,
  diagnoseRecords,
  diagnoseVersion,
  diagnoseWorkloads,
  type Diagnosis,
  type Seen,
} from './diagnosis.ts';

export interface Place {
  readonly platform: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly program: string;
}

const listSchema = Type.Object({
  items: Type.Array(Type.Unknown()),
  metadata: Type.Optional(Type.Object({ continue: Type.Optional(Type.String()) })),
});
const namedSchema = Type.Object({
  metadata: Type.Object({
    name: Type.String(),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
});
const resourcesSchema = Type.Object({ resources: Type.Array(Type.Object({ kind: Type.String() })) });
const ofPlatform = { labelSelector: 'app.kubernetes.io/part-of=clrk' };
/** Of one kind; a cluster with more is not looked through object by object. */
const maxObjects = '1000';

/** Kinds that say how they stand. Of a revision its agent speaks: an old one need not be well. */
const telling = kinds.filter(
  ({ kind, columns }) => kind !== 'AgentSandboxRevision' && columns.some(({ name }) => name === 'Ready'),
);

/** No server at all is thrown: then nothing can be said. */
async function see(
  cluster: Cluster,
  path: string,
  query: Record<string, string> = {},
): Promise<Seen<unknown>> {
  try {
    return { kind: 'seen', value: await cluster.json({ path, query }) };
  } catch (error) {
    if (!(error instanceof ClrkError) || error.code === 'CLUSTER_UNREACHABLE') throw error;
    return error.code === 'NOT_FOUND' ? { kind: 'absent' } : { kind: 'unseen', why: error.message };
  }
}

function mapped<T>(seen: Seen<unknown>, read: (value: unknown) => T | undefined): Seen<T> {
  if (seen.kind !== 'seen') return seen;
  const value = read(seen.value);
  return value === undefined
    ? { kind: 'unseen', why: 'the answer is not what it should be' }
    : { kind: 'seen', value };
}

/** The server has more than it gave. */
const isCut = (seen: Seen<unknown>): boolean =>
  seen.kind === 'seen' && Value.Check(listSchema, seen.value) && (seen.value.metadata?.continue ?? '') !== '';

const itemsOf = (value: unknown): readonly unknown[] | undefined =>
  Value.Check(listSchema, value) ? value.items : undefined;

interface Workload {
  readonly name: string;
  readonly workload: unknown;
  readonly version: string | undefined;
}

async function workloads(cluster: Cluster, namespace: string): Promise<Seen<readonly Workload[]>> {
  const both = await Promise.all([
    listed(cluster, namespace, 'deployments'),
    listed(cluster, namespace, 'statefulsets'),
  ]);
  const unseen = both.find(({ kind }) => kind === 'unseen');
  return unseen ?? { kind: 'seen', value: both.flatMap((each) => (each.kind === 'seen' ? each.value : [])) };
}

async function listed(
  cluster: Cluster,
  namespace: string,
  plural: 'deployments' | 'statefulsets',
): Promise<Seen<readonly Workload[]>> {
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${plural}`;
  return mapped(await see(cluster, path, ofPlatform), (value) =>
    itemsOf(value)?.flatMap((workload) => {
      if (!Value.Check(namedSchema, workload)) return [];
      const { name, labels } = workload.metadata;
      const version = labels?.['app.kubernetes.io/version'];
      return [{ name: `${plural.slice(0, -1)}/${name}`, workload, version }];
    }),
  );
}

/** Every check, in the order a person mends things. */
export async function look(cluster: Cluster, { platform, namespace, program }: Place): Promise<Diagnosis[]> {
  const root = `/apis/${ownGroup}/${ownVersion}`;
  const [served, running, service] = await Promise.all([
    see(cluster, root),
    workloads(cluster, platform),
    see(cluster, `/apis/apiregistration.k8s.io/v1/apiservices/${ownVersion}.telemetry.${ownGroup}`),
  ]);
  const known = mapped(served, (value) =>
    Value.Check(resourcesSchema, value) ? value.resources.map(({ kind }) => kind) : undefined,
  );
  const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  const objects = await Promise.all(
    telling.map(async ({ kind, plural }) => {
      const seen = await see(cluster, `${root}${scope}/${plural}`, { limit: maxObjects });
      return { kind, objects: mapped(seen, itemsOf), isCut: isCut(seen) };
    }),
  );
  const operator: Seen<string | undefined> =
    running.kind === 'seen'
      ? {
          kind: 'seen',
          value: running.value.find(({ name }) => name === 'deployment/clrk-operator')?.version,
        }
      : running;
  return [
    diagnoseKinds(
      known,
      kinds.map(({ kind }) => kind),
    ),
    ...diagnoseWorkloads(platform, running),
    diagnoseVersion(program, operator),
    diagnoseRecords(service),
    ...diagnoseObjects(objects),
  ];
}
