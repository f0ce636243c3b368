/** What is installed already: read from the cluster, judged nowhere else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { choicesAnnotation, choicesOf, settingsName, type Choices } from './platform-objects.ts';

export const installManager = 'clrk-install';

const objectSchema = Type.Object({
  metadata: Type.Object({
    name: Type.String(),
    namespace: Type.Optional(Type.String()),
    deletionTimestamp: Type.Optional(Type.String()),
    labels: Type.Optional(Type.Record(Type.String(), Type.String())),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    managedFields: Type.Optional(
      Type.Array(
        Type.Object({ manager: Type.Optional(Type.String()), subresource: Type.Optional(Type.String()) }),
      ),
    ),
  }),
});
const listSchema = Type.Object({ items: Type.Array(objectSchema) });
export type Found = Static<typeof objectSchema>;

export interface Installation {
  readonly namespace: string;
  /** Undefined: made by something that writes no version. */
  readonly version: string | undefined;
  readonly choices: Choices;
  /** Who else writes it: Helm, Argo CD, Flux. */
  readonly owner: string | undefined;
}

// Field managers of the tools that would write over us, and we over them.
const owners: readonly (readonly [RegExp, string])[] = [
  [/^helm/i, 'Helm'],
  [/^argocd/i, 'Argo CD'],
  [/^(kustomize|helm)-controller$/, 'Flux'],
];

/** The tool that manages the object, if one does. Pure. */
export function ownerOf({ metadata }: Found): string | undefined {
  const managers = (metadata.managedFields ?? [])
    .filter(({ subresource }) => subresource === undefined || subresource === '')
    .map(({ manager }) => manager ?? '');
  return owners.findLast(([pattern]) => managers.some((manager) => pattern.test(manager)))?.[1];
}

export async function find(cluster: Cluster, path: string): Promise<Found | undefined> {
  try {
    const value = await cluster.json({ path });
    if (Value.Check(objectSchema, value)) return value;
    throw new ClrkError('SERVER_ERROR', `the API server's answer to ${path} is not an object`);
  } catch (error) {
    if (error instanceof ClrkError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

const busyMs = 500;
const busyAttempts = 40;

/** A kind whose definition is new answers "busy" for a moment. */
export async function list(
  cluster: Cluster,
  path: string,
  labelSelector?: string,
): Promise<readonly Found[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const value = await cluster.json({ path, query: { labelSelector } });
      return Value.Check(listSchema, value) ? value.items : [];
    } catch (error) {
      const busy = error instanceof ClrkError && error.code === 'BUSY';
      if (!busy || attempt === busyAttempts) throw error;
      await sleep(busyMs);
    }
  }
}

/** Installations in the whole cluster: kinds and ClusterRoles are cluster-wide, so there can be one. */
export async function installations(cluster: Cluster): Promise<readonly Installation[]> {
  const operators = await list(cluster, '/apis/apps/v1/deployments', 'app.kubernetes.io/name=clrk-operator');
  return await Promise.all(
    operators.map(async (operator) => {
      const namespace = operator.metadata.namespace ?? '';
      const settings = await find(cluster, `/api/v1/namespaces/${namespace}/configmaps/${settingsName}`);
      return {
        namespace,
        version: operator.metadata.labels?.['app.kubernetes.io/version'],
        choices: choicesOf(settings?.metadata.annotations?.[choicesAnnotation]),
        owner: ownerOf(operator),
      };
    }),
  );
}
