/** A world made of objects as a watch brings them, through the operator's own sieve, and what is compiled of it. */
import { ingressShardOf, type PlatformEndpoints } from '../../contract/index.ts';
import {
  compileGateway,
  compileIngressShard,
  compilePool,
  encodeSecretData,
  poolKey,
} from '../../operator/compile/index.ts';
import { kinds } from '../../operator/kind.ts';
import { judgeObject } from '../../operator/malformed.ts';
import { CachedWorld, Sieve, type KubeObject, type Resource } from '../../operator/runtime/index.ts';

export const nowhere: PlatformEndpoints = {
  caPem: 'ca',
  nats: { url: 'tls://n', jwt: 'j', seed: 's', inbox: 'i' },
  otlp: { endpoint: 'https://o', token: 't' },
};

const secret = (namespace: string, name: string, data: Record<string, string>): KubeObject =>
  ({ kind: 'Secret', metadata: { namespace, name, uid: name }, data: encodeSecretData(data) }) as KubeObject;

const resourceOf = new Map(Object.values(kinds).map((kind) => [kind.kind, kind as Resource]));

export class TestWorld {
  readonly world = new CachedWorld();
  readonly sieve = new Sieve(judgeObject);

  constructor(objects: readonly KubeObject[], namespaces: readonly string[] = ['default']) {
    for (const resource of resourceOf.values()) this.world.cache(resource);
    const tls = { 'tls.crt': 'c', 'tls.key': 'k' };
    for (const namespace of namespaces) {
      this.bring(secret(namespace, 'clrk-pool-keys-p', { [poolKey.frame]: 'f', ...tls }));
      this.bring(secret(namespace, 'clrk-egressgateway-ca-g', tls));
    }
    for (const object of objects) this.bring(object);
  }

  bring(object: KubeObject): void {
    const resource = resourceOf.get(object.kind ?? '');
    if (resource === undefined) throw new Error(`unknown kind ${object.kind ?? ''}`);
    this.sieve.before(resource, this.world.cache(resource)).change({ type: 'upsert', object });
  }

  pool(namespace = 'default') {
    const pool = this.world.get(kinds.workerPool, namespace, 'p');
    if (pool === undefined) return undefined;
    const settings = { platform: nowhere, platformCidrs: [], insecureRegistries: [], clientCaPem: 'ca' };
    return compilePool(this.world, { pool, ...settings });
  }

  gateway(namespace = 'default') {
    const gateway = this.world.get(kinds.egressGateway, namespace, 'g');
    if (gateway === undefined) return undefined;
    return compileGateway(this.world, { gateway, platform: nowhere, platformCidrs: [] });
  }

  shard(namespace = 'default', limitBytes?: number) {
    return compileIngressShard(this.world, ingressShardOf(namespace), limitBytes);
  }
}
