/** All of a collection, page by page, up to a bound: commands that look at many objects say when they were not all. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { KubernetesObject } from '../render/object-list.ts';
import type { Cluster } from './cluster.ts';
import { listPages, type PagesRequest } from './list-pages.ts';

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

interface ListRequest extends PagesRequest {
  readonly most?: number;
}

function itemsOf(body: unknown, path: string): readonly KubernetesObject[] {
  if (Value.Check(listSchema, body)) return body.items ?? [];
  throw new ClrkError('SERVER_ERROR', `the server's answer to ${path} is no list`);
}

export async function listAll(cluster: Cluster, { most = 5_000, ...request }: ListRequest): Promise<Listed> {
  const objects: KubernetesObject[] = [];
  const warnings = new Set<string>();
  let isCut = false;
  for await (const page of listPages(cluster, request)) {
    objects.push(...itemsOf(page.body, request.path));
    for (const each of page.warnings) warnings.add(each);
    isCut = page.hasNext || objects.length > most;
    if (objects.length >= most) break;
  }
  return { objects: objects.slice(0, most), isCut, warnings: [...warnings] };
}
