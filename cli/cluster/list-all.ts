/** All of a collection, page by page, up to a bound: commands that look at many objects say when they were not all. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import type { Cluster } from './cluster.ts';

const pageSize = 500;

const listSchema = Type.Object({
  metadata: Type.Optional(Type.Object({ continue: Type.Optional(Type.String()) })),
  items: Type.Union([
    Type.Array(
      Type.Object({
        metadata: Type.Object({ name: Type.String(), namespace: Type.Optional(Type.String()) }),
      }),
    ),
    Type.Null(),
  ]),
});

export interface Listed {
  readonly objects: readonly KubernetesObject[];
  /** There are more. */
  readonly isCut: boolean;
}

interface ListRequest {
  /** From the server's root. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly most?: number;
}

async function readPage(
  cluster: Cluster,
  { path, query, signal }: ListRequest,
  next: string | undefined,
): Promise<{ readonly items: readonly KubernetesObject[]; readonly next: string | undefined }> {
  const asked = { path, query: { ...query, limit: String(pageSize), continue: next } };
  const page = await cluster.json(signal === undefined ? asked : { ...asked, signal });
  if (!Value.Check(listSchema, page)) {
    throw new ClrkError('SERVER_ERROR', `the server's answer to ${path} is no list`);
  }
  const token = page.metadata?.continue ?? '';
  return {
    items: page.items ?? [],
    next: token === '' ? undefined : token,
  };
}

export async function listAll(cluster: Cluster, request: ListRequest): Promise<Listed> {
  const { most = 5_000 } = request;
  const objects: KubernetesObject[] = [];
  let next: string | undefined;
  do {
    const page = await readPage(cluster, request, next);
    objects.push(...page.items);
    next = page.next;
  } while (next !== undefined && objects.length < most);
  return { objects: objects.slice(0, most), isCut: next !== undefined || objects.length > most };
}
