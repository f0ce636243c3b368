/** All of a collection, page by page, up to a bound: commands that look at many objects say when they were not all. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import { readJson, type Cluster } from './cluster.ts';
import { warningsOf } from './server-warning.ts';

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
  /** What the server said beside its answer, each once. */
  readonly warnings: readonly string[];
}

export const noObjects: Listed = { objects: [], isCut: false, warnings: [] };

interface ListRequest {
  /** From the server's root. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly most?: number;
}

interface Page {
  readonly items: readonly KubernetesObject[];
  readonly next: string | undefined;
  readonly warnings: readonly string[];
}

async function readPage(
  cluster: Cluster,
  { path, query, signal }: ListRequest,
  next: string | undefined,
): Promise<Page> {
  const asked = { path, query: { ...query, limit: String(pageSize), continue: next } };
  const response = await cluster.must(signal === undefined ? asked : { ...asked, signal });
  const page = await readJson(response.body);
  if (!Value.Check(listSchema, page)) {
    throw new ClrkError('SERVER_ERROR', `the server's answer to ${path} is no list`);
  }
  const token = page.metadata?.continue ?? '';
  return {
    items: page.items ?? [],
    next: token === '' ? undefined : token,
    warnings: warningsOf(response.headers.warning),
  };
}

export async function listAll(cluster: Cluster, request: ListRequest): Promise<Listed> {
  const { most = 5_000 } = request;
  const objects: KubernetesObject[] = [];
  const warnings = new Set<string>();
  let next: string | undefined;
  do {
    const page = await readPage(cluster, request, next);
    objects.push(...page.items);
    for (const each of page.warnings) warnings.add(each);
    next = page.next;
  } while (next !== undefined && objects.length < most);
  return {
    objects: objects.slice(0, most),
    isCut: next !== undefined || objects.length > most,
    warnings: [...warnings],
  };
}
