/**
 * Waits until each CRD is Established. Apart because of one trap: an API server that ends between accepting a CRD's
 * names and establishing it never takes the matter up again by itself (seen on 1.34 after a killed first start); any
 * change of the object makes it.
 */
import { ClrkError } from '../../contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { devFieldManager } from './apply.ts';
import type { KubeObject } from './object.ts';

const pollMs = 150;
const nudgeAfterMs = 3_000;
const giveUpAfterMs = 30_000;
const nudgeAnnotation = 'clrk.apoxy.dev/establish-requested-at';

interface CustomResourceDefinition {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isEstablished(crd: CustomResourceDefinition | undefined): boolean {
  return (
    crd?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false
  );
}

async function establishOne(client: ApiClient, name: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const started = Date.now();
  let nudged = false;
  while (!isEstablished(await client.find<CustomResourceDefinition>(path))) {
    const waited = Date.now() - started;
    if (waited > giveUpAfterMs) {
      throw new ClrkError('CRD_NOT_ESTABLISHED', `the API server does not establish ${name}`, {
        hint: 'See its log with `clrk dev logs kube-apiserver`; `clrk dev reset` starts from nothing.',
      });
    }
    if (!nudged && waited > nudgeAfterMs) {
      nudged = true;
      const annotations = { [nudgeAnnotation]: new Date().toISOString() };
      const body = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name, annotations },
      };
      await client.apply(path, body, `${devFieldManager}-establish`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Resolves when every CRD among the objects is served. Throws CRD_NOT_ESTABLISHED after 30 s. */
export async function awaitEstablished(client: ApiClient, objects: readonly KubeObject[]): Promise<void> {
  const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  await Promise.all(crds.map(({ metadata }) => establishOne(client, metadata.name)));
}
