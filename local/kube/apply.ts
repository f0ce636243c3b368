/** Server-side apply of a set of manifests, waiting for kinds to be served before their objects. */
import { ClrkError, errorMessage } from '../../contract/index.ts';
import { KubeApiError, type ApiClient } from './api-client.ts';
import type { KubeObject } from './object.ts';
import { ResourceMap } from './resource-map.ts';

export const devFieldManager = 'clrk-dev';
// A CRD is served within a second or two of being accepted.
const retryMs = 20_000;

function mayPass(error: unknown): boolean {
  if (error instanceof KubeApiError) {
    // A new namespace gets its default service account a moment after it exists; pods are forbidden until then.
    const early = error.status === 403 && /service ?account.* not found/.test(error.message);
    return early || error.retryable || error.status === 404;
  }
  return error instanceof ClrkError && error.retryable;
}

async function applyOne(client: ApiClient, map: ResourceMap, object: KubeObject): Promise<void> {
  const deadline = Date.now() + retryMs;
  for (;;) {
    try {
      await client.apply(await map.pathOf(object), object, devFieldManager);
      return;
    } catch (error) {
      if (!mayPass(error) || Date.now() > deadline) {
        const what = `${object.kind ?? 'object'} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
        throw new ClrkError('APPLY_FAILED', `${what}: ${errorMessage(error)}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

/** In the order given; objects of one kind go out together. */
export async function applyManifests(client: ApiClient, objects: readonly KubeObject[]): Promise<void> {
  const map = new ResourceMap(client);
  const kinds = [...new Set(objects.map(({ kind }) => kind))];
  for (const kind of kinds) {
    await Promise.all(
      objects.filter((object) => object.kind === kind).map((object) => applyOne(client, map, object)),
    );
  }
}
