/**
 * A pool's own secrets: the key that signs identity frames and the certificate of its dispatch port, which names the pool. The
 * frame key is made once and kept; the certificate is issued anew before it expires, or when the control-plane CA or the
 * names changed.
 */
import { poolUri } from '../../contract/index.ts';
import { currentLeaf } from '../certificate.ts';
import { childName, poolKey, secretText, workerDnsName } from '../compile/index.ts';
import type { Context } from '../context.ts';
import { kinds, type WorkerPool } from '../kind.ts';
import { controllerRef, managedLabels, requireOwn } from '../owner.ts';
import { controlPlaneCa } from '../platform.ts';
import { apiVersionOf, type KubeObject } from '../runtime/index.ts';
import { ApiError } from '../runtime/index.ts';

const frameKeyBytes = 32;

/** Time to look again, or undefined while the keys are not there yet (a watch event brings the pool back). */
export async function ensurePoolKeys(context: Context, pool: WorkerPool): Promise<number | undefined> {
  const ca = controlPlaneCa(context);
  if (ca === undefined) return undefined;
  const { namespace, name } = pool.metadata;
  const owner = { kind: 'WorkerPool', metadata: pool.metadata };
  const observed = context.world.get(kinds.secret, namespace, childName.poolKeys(name));
  requireOwn('Secret', observed, owner);
  const frameKey = observed?.data?.[poolKey.frame];
  const keyUsable = frameKey !== undefined && Buffer.from(frameKey, 'base64').length === frameKeyBytes;
  const wish = {
    commonName: `clrk-worker ${namespace}/${name}`.slice(0, 64),
    dnsNames: [workerDnsName],
    ips: [],
    uris: [poolUri(`${namespace}/${name}`)],
    usage: 'server',
  } as const;
  const pair = {
    certificatePem: secretText(observed, poolKey.certificate),
    privateKeyPem: secretText(observed, poolKey.privateKey),
  };
  const leaf = currentLeaf(ca, wish, pair, context.now());
  if (keyUsable && !leaf.isNew) return leaf.renewAt;
  const secret = {
    apiVersion: apiVersionOf(kinds.secret),
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      namespace,
      name: childName.poolKeys(name),
      labels: managedLabels('worker'),
      ownerReferences: [controllerRef(owner)],
      resourceVersion: observed?.metadata.resourceVersion,
    },
    data: {
      [poolKey.frame]: keyUsable ? frameKey : context.randomBytes(frameKeyBytes).toString('base64'),
      [poolKey.certificate]: Buffer.from(leaf.certificatePem).toString('base64'),
      [poolKey.privateKey]: Buffer.from(leaf.privateKeyPem).toString('base64'),
    },
  } as KubeObject;
  await writeOnce(context, secret, observed !== undefined);
  return undefined;
}

/** A conflict means that our cache is old; the watch event that follows brings the pool back. */
async function writeOnce(context: Context, secret: KubeObject, replace: boolean): Promise<void> {
  try {
    await (replace ? context.api.replace(kinds.secret, secret) : context.api.create(kinds.secret, secret));
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.status !== 409) throw thrown;
  }
}
