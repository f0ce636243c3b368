/**
 * Where the platform runs. `clrk install -n` and Helm put it anywhere, and nobody should have to say where with each command:
 * the usual namespace is tried first, then its Service is looked for. Apart because every command that talks to it asks.
 */
import { ClrkError, systemNamespace } from '../../contract/index.ts';
import type { Cluster } from './cluster.ts';

const service = 'clrk-telemetry';
const selector = `app.kubernetes.io/name=${service},app.kubernetes.io/part-of=clrk`;
/** What says nothing about where it is: not there, or not for this person to see. */
const silent: ReadonlySet<string> = new Set(['NOT_FOUND', 'DENIED']);

const known = new WeakMap<Cluster, Promise<string>>();

async function ask(cluster: Cluster, path: string, query: Record<string, string> = {}): Promise<unknown> {
  try {
    return await cluster.json({ path, query });
  } catch (error) {
    if (error instanceof ClrkError && silent.has(error.code)) return undefined;
    throw error;
  }
}

async function find(cluster: Cluster): Promise<string> {
  if ((await ask(cluster, `/api/v1/namespaces/${systemNamespace}/services/${service}`)) !== undefined) {
    return systemNamespace;
  }
  const list = (await ask(cluster, '/api/v1/services', { labelSelector: selector })) as
    { items?: ReadonlyArray<{ metadata?: { namespace?: string } }> } | undefined;
  // Nowhere: what follows says that it is missing from the usual place.
  return list?.items?.[0]?.metadata?.namespace ?? systemNamespace;
}

/** Asked once for each cluster. */
export function platformNamespace(cluster: Cluster): Promise<string> {
  const asked = known.get(cluster) ?? find(cluster);
  known.set(cluster, asked);
  return asked;
}
