/**
 * Where an object of any kind lives in the API: asks the server's discovery once a group and version. Apart because
 * server-side apply of manifests needs it and nothing else does.
 */
import { ClrkError } from '../../contract/index.ts';
import type { ApiClient } from './api-client.ts';
import type { KubeObject } from './object.ts';

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

export class ResourceMap {
  readonly #client: ApiClient;
  readonly #known = new Map<string, ResourceList>();

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** The object's own path. Throws KIND_UNKNOWN when the server does not serve the kind (yet). */
  async pathOf(object: KubeObject): Promise<string> {
    const apiVersion = object.apiVersion ?? '';
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resource = (await this.#resources(root))?.resources.find(
      ({ kind, name }) => kind === object.kind && !name.includes('/'),
    );
    if (resource === undefined) {
      // A kind that is not there now may be after its CRD is established.
      this.#known.delete(root);
      throw new ClrkError('KIND_UNKNOWN', `the server does not serve ${apiVersion} ${object.kind ?? ''}`, {
        retryable: true,
      });
    }
    const { name, namespace } = object.metadata;
    const scope = resource.namespaced ? `/namespaces/${namespace ?? 'default'}` : '';
    return `${root}${scope}/${resource.name}/${name}`;
  }

  async #resources(root: string): Promise<ResourceList | undefined> {
    const known = this.#known.get(root) ?? (await this.#client.find<ResourceList>(root));
    if (known !== undefined) this.#known.set(root, known);
    return known;
  }
}
