/**
 * Which kinds the server has, under which names, by API discovery: so that a kind added to `api/` needs no line here.
 * Answers are kept for the life of the command.
 */
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import type { Cluster } from './cluster.ts';

const resourceSchema = Type.Object({
  name: Type.String(),
  singularName: Type.Optional(Type.String()),
  namespaced: Type.Boolean(),
  kind: Type.String(),
  shortNames: Type.Optional(Type.Array(Type.String())),
  categories: Type.Optional(Type.Array(Type.String())),
});
const resourceListSchema = Type.Object({ resources: Type.Array(resourceSchema) });

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

export const ownGroup = 'clrk.apoxy.dev';
export const ownVersion = 'v1alpha1';

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function toResource(apiVersion: string, each: Static<typeof resourceSchema>): Resource {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return {
    group,
    version,
    kind: each.kind,
    plural: each.name,
    singular: (each.singularName ?? '') === '' ? each.kind.toLowerCase() : (each.singularName ?? ''),
    namespaced: each.namespaced,
    shortNames: each.shortNames ?? [],
    categories: each.categories ?? [],
  };
}

/** One segment of a path: no other resource is meant by it, nor all of them. */
export function isPathName(name: string): boolean {
  return !['', '.', '..'].includes(name) && !/[/%]/.test(name);
}

/** Path of a collection or, with a name, of one object. */
export function resourcePath(resource: Resource, namespace: string | undefined, name?: string): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope =
    resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

/** `taskagent.clrk.apoxy.dev/hello`, as kubectl names an object. */
export function objectName(resource: Resource, name: string): string {
  return `${resource.singular}${resource.group === '' ? '' : `.${resource.group}`}/${name}`;
}

export class Discovery {
  readonly #cluster: Cluster;
  readonly #lists = new Map<string, Promise<readonly Resource[]>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Every kind of a group and version; none when the server does not know it. */
  list(apiVersion: string): Promise<readonly Resource[]> {
    const known = this.#lists.get(apiVersion);
    if (known !== undefined) return known;
    const fetched = this.#fetch(apiVersion);
    this.#lists.set(apiVersion, fetched);
    return fetched;
  }

  /** Ask the server again: a CustomResourceDefinition was just applied. */
  forget(): void {
    this.#lists.clear();
  }

  async find(apiVersion: string, kind: string): Promise<Resource | undefined> {
    return (await this.list(apiVersion)).find((resource) => resource.kind === kind);
  }

  async #fetch(apiVersion: string): Promise<readonly Resource[]> {
    try {
      const answer = await this.#cluster.json({ path: rootOf(apiVersion) });
      if (!Value.Check(resourceListSchema, answer))
        throw new ClrkError('SERVER_ERROR', 'discovery is malformed');
      return answer.resources
        .filter((each) => !each.name.includes('/'))
        .map((each) => toResource(apiVersion, each));
    } catch (error) {
      if (error instanceof ClrkError && error.code === 'NOT_FOUND') return [];
      throw error;
    }
  }
}
