/** One operator on a real API server with data planes that speak when told to: what the convergence tests talk to. */
import {
  configDigestAnnotation,
  configSecretKey,
  gatewayConfigSchema,
  ingressShardCount,
  ingressShardOf,
  ingressShardSchema,
  parseConfig,
  poolConfigSchema,
  type GatewayConfig,
  type IngressShard,
  type PoolConfig,
} from '../../contract/index.ts';
import { kinds, type Secret } from '../../operator/kind.ts';
import type { ApiClient, Condition, KubeObject, Resource } from '../../operator/runtime/index.ts';
import { afterAll, beforeAll, expect } from 'vitest';
import { ControlPlane, eventually } from './control-plane.ts';
import { installRights } from './rights.ts';
import { FakeDataPlanes, RunningOperator } from './running-operator.ts';

export const kindOf: Readonly<Record<string, Resource>> = Object.fromEntries(
  Object.values(kinds).map((kind) => [kind.kind, kind as Resource]),
);
const podKind: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

export class ConvergeBed {
  plane!: ControlPlane;
  api!: ApiClient;
  operator: RunningOperator | undefined;
  /** Of the operator, so far. */
  writes = 0;
  readonly words = new FakeDataPlanes();
  /** Claims pushed to NATS, the newest last. */
  readonly pushed: string[] = [];
  readonly claims = {
    push: (claims: string): Promise<void> => {
      this.pushed.push(claims);
      return Promise.resolve();
    },
  };

  /** Public keys whose users NATS lets in, by what it was last told. */
  signersLetIn(): readonly string[] {
    const [, payload = ''] = this.pushed.at(-1)?.split('.') ?? [];
    const { nats } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as {
      nats: { signing_keys?: string[] };
    };
    return nats.signing_keys ?? [];
  }

  async open(): Promise<void> {
    this.plane = await ControlPlane.start({ audit: true });
    this.api = this.plane.client();
    await installRights(this.api);
    // The operator may do what dist/platform grants its account, and no more: a missing right fails every test here.
    const counting = this.plane.client(
      ({ method }) => {
        if (method === 'PATCH' || method === 'POST') this.writes += 1;
      },
      await this.plane.tokenOf('clrk-system', 'clrk-operator'),
    );
    this.operator = new RunningOperator(counting, this.words, { claims: this.claims });
  }

  async close(): Promise<void> {
    await this.operator?.stop();
    await this.plane.stop();
  }

  async apply(object: KubeObject, status = false): Promise<KubeObject> {
    const resource = kindOf[object.kind ?? ''];
    if (resource === undefined) throw new Error(`unknown kind ${object.kind ?? ''}`);
    const options = { fieldManager: 'test', ...(status ? { subresource: 'status' as const } : {}) };
    return await this.api.apply(resource, object, options);
  }

  async get<T = KubeObject>(resource: Resource, name: string, namespace = 'default'): Promise<T> {
    const found = await this.api.get(resource, { namespace, name });
    if (found === undefined) throw new Error(`${resource.kind} ${namespace}/${name} does not exist`);
    return found as T;
  }

  async condition(resource: Resource, name: string, type: string): Promise<Condition> {
    const object = await this.get<{ status?: { conditions?: Condition[] } }>(resource, name);
    const found = object.status?.conditions?.find((each) => each.type === type);
    if (found === undefined) throw new Error(`${resource.kind} ${name} has no condition ${type}`);
    return found;
  }

  async expectCondition(
    resource: Resource,
    name: string,
    expected: Pick<Condition, 'type' | 'status' | 'reason'>,
  ): Promise<void> {
    await eventually(async () =>
      expect(await this.condition(resource, name, expected.type)).toMatchObject(expected),
    );
  }

  async configOf(name: string, namespace = 'default'): Promise<{ secret: Secret; bytes: Buffer }> {
    const secret = await eventually(async () => await this.get<Secret>(kinds.secret, name, namespace));
    return { secret, bytes: Buffer.from(secret.data?.[configSecretKey] ?? '', 'base64') };
  }

  async poolConfig(): Promise<PoolConfig> {
    return parseConfig(poolConfigSchema, (await this.configOf('clrk-pool-config-p')).bytes);
  }

  async gatewayConfig(): Promise<GatewayConfig> {
    return parseConfig(gatewayConfigSchema, (await this.configOf('clrk-egress-config-g')).bytes);
  }

  /** The shard that holds the agents of a namespace. */
  async ingressConfig(namespace = 'default'): Promise<IngressShard> {
    const name = `clrk-ingress-agents-${ingressShardOf(namespace)}`;
    return parseConfig(ingressShardSchema, (await this.configOf(name, 'clrk-system')).bytes);
  }

  /** No kubelet here: the test says that the pods are ready, and the real controllers make the Deployments so. */
  async podsReady(): Promise<void> {
    const { items } = await this.api.list(podKind, {});
    const conditions = [{ type: 'Ready', status: 'True' }];
    for (const { metadata } of items) {
      const { namespace, name } = metadata ?? {};
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name },
        status: { phase: 'Running', conditions },
      };
      await this.api.apply(podKind, pod as KubeObject, { fieldManager: 'test', subresource: 'status' });
    }
  }

  /** Data planes that run the current config, with the image in the given state. */
  async speak(image: 'Pulled' | 'Failed', revision = 'hello-00001'): Promise<void> {
    const common = {
      version: 1 as const,
      namespace: 'default',
      address: '198.51.100.9:1',
      draining: false,
      at: Date.now(),
    };
    const digest = async (name: string, namespace = 'default'): Promise<string> =>
      (await this.configOf(name, namespace)).secret.metadata.annotations?.[configDigestAnnotation] ?? '';
    const shards = async (): Promise<string[]> =>
      await Promise.all(
        Array.from({ length: ingressShardCount }, (_, shard) =>
          digest(`clrk-ingress-agents-${shard}`, 'clrk-system'),
        ),
      );
    const failed = {
      state: 'Failed' as const,
      reason: 'ImageNotFound',
      message: 'no such image; push it first',
    };
    this.words.workerWords = [
      {
        ...common,
        role: 'worker',
        pod: 'w-1',
        pool: 'p',
        configDigest: await digest('clrk-pool-config-p'),
        inFlight: {},
        capacity: 10,
        warm: {},
        images: { [`default/${revision}`]: image === 'Pulled' ? { state: 'Pulled' } : failed },
      },
    ];
    this.words.gatewayWords = [
      {
        ...common,
        role: 'egress',
        pod: 'g-1',
        gateway: 'g',
        configDigest: await digest('clrk-egress-config-g'),
        connections: 0,
      },
    ];
    this.words.ingressWords = [
      {
        ...common,
        role: 'ingress',
        namespace: 'clrk-system',
        pod: 'i-1',
        configDigest: await digest('clrk-ingress-settings', 'clrk-system'),
        shardDigests: await shards(),
      },
    ];
    this.operator?.operator.statusChanged();
  }

  /** Speaks again and again, as heartbeats do, until the check passes. */
  async speakUntil(
    check: () => Promise<void>,
    image: 'Pulled' | 'Failed' = 'Pulled',
    revision?: string,
  ): Promise<void> {
    await eventually(async () => {
      await this.podsReady();
      await this.speak(image, revision);
      await check();
    }, 30_000);
  }
}

/** Registers the hooks of a test file. */
export function useConvergence(): ConvergeBed {
  const bed = new ConvergeBed();
  beforeAll(() => bed.open(), 120_000);
  afterAll(() => bed.close(), 60_000);
  return bed;
}
