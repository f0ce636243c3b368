/**
 * A set of manifests compiled as if it were in a cluster: the same functions the operator runs, over a World made of
 * files. For `clrk reach`. What only a cluster has is stood in for: every Secret is a placeholder (a real one in the set
 * is never read), and a WorkerPool that agents name but the set lacks is taken to exist. It must decide nothing itself.
 */
import {
  agentId,
  type GatewayConfig,
  type PlatformEndpoints,
  type PoolConfig,
} from '../../contract/index.ts';
import { kinds, type CredentialInjectionPolicy, type EgressGateway, type Secret } from '../kind.ts';
import {
  keyOf,
  keyOfObject,
  resourceName,
  type Kind,
  type KubeObject,
  type World,
} from '../runtime/index.ts';
import { compileGateway } from './gateway-config.ts';
import type { AnyAgent } from './membership.ts';
import { poolKey } from './name.ts';
import { compilePool } from './pool-config.ts';
import { exportSecretRefs } from './record-export.ts';
import { encodeSecretData } from './secret-value.ts';
import { standingApprovals } from './standing-approval.ts';
import { triggersByAgent } from './trigger-share.ts';

export interface CompiledManifests {
  readonly gateways: ReadonlyArray<Omit<GatewayConfig, 'digest'>>;
  readonly pools: ReadonlyArray<Omit<PoolConfig, 'digest'>>;
  /** Subjects of events by agent id. */
  readonly heard: ReadonlyMap<string, readonly string[]>;
  /** What persons allow at the moment asked about, by agent id. */
  readonly standing: ReturnType<typeof standingApprovals>;
}

const placeholder = 'placeholder';
const nowhere: PlatformEndpoints = {
  caPem: '',
  nats: { url: '', jwt: '', seed: '', inbox: '' },
  otlp: { endpoint: '', token: '' },
};
// What keys, certificates and AWS credentials are kept under; a policy's own secretKey comes on top.
const secretKeys = [
  'tls.crt',
  'tls.key',
  poolKey.frame,
  poolKey.certificate,
  poolKey.privateKey,
  'access_key_id',
  'secret_access_key',
  ...['username', 'password', 'client_id', 'client_secret', 'refresh_token'],
];

/** A key file of a service account; as a text in a header it is one too. */
const keyFile = JSON.stringify({
  ...{ type: 'service_account', client_email: placeholder },
  private_key: '-----BEGIN PRIVATE KEY-----placeholder-----END PRIVATE KEY-----',
});

class ManifestWorld implements World {
  readonly #objects = new Map<string, Map<string, KubeObject[]>>();
  readonly #byKey = new Map<string, KubeObject>();
  readonly #secret: Omit<Secret, 'metadata'>;

  constructor(objects: readonly KubeObject[]) {
    const known = new Map(Object.values(kinds).map((kind) => [kind.kind, resourceName(kind)]));
    const sorted = [...objects].sort((a, b) => (keyOfObject(a) < keyOfObject(b) ? -1 : 1));
    for (const object of sorted) {
      const name = known.get(object.kind ?? '');
      if (name !== undefined && object.kind !== 'Secret') this.add(name, object);
    }
    const policies = this.list<CredentialInjectionPolicy>(kinds.credentialInjectionPolicy);
    const gateways = this.list<EgressGateway>(kinds.egressGateway);
    const headers = gateways.flatMap(exportSecretRefs);
    const keys = [
      ...secretKeys,
      ...policies.map(({ spec }) => spec.secretKey ?? 'token'),
      ...headers.map(({ key }) => key ?? 'token'),
    ];
    const files = policies
      .filter(({ spec }) => spec.providerAuth?.type === 'GCPServiceAccount')
      .map(({ spec }) => [spec.secretKey ?? 'token', keyFile]);
    const texts = [...keys.map((key) => [key, placeholder]), ...files];
    this.#secret = { data: encodeSecretData(Object.fromEntries(texts) as Record<string, string>) };
  }

  add(resource: string, object: KubeObject): void {
    const key = `${resource} ${keyOfObject(object)}`;
    if (this.#byKey.has(key)) return;
    this.#byKey.set(key, object);
    const lists = this.#objects.get(resource) ?? new Map<string, KubeObject[]>();
    this.#objects.set(resource, lists);
    for (const namespace of ['', object.metadata?.namespace ?? '']) {
      const list = lists.get(namespace) ?? [];
      if (list.at(-1) !== object) list.push(object);
      lists.set(namespace, list);
    }
  }

  get<T>(kind: Kind<T>, namespace: string | undefined, name: string): T | undefined {
    if (kind.plural === kinds.secret.plural) return { ...this.#secret, metadata: { namespace, name } } as T;
    return this.#byKey.get(`${resourceName(kind)} ${keyOf(namespace, name)}`) as T | undefined;
  }

  list<T>(kind: Kind<T>, namespace = ''): readonly T[] {
    return (this.#objects.get(resourceName(kind))?.get(namespace) ?? []) as unknown as readonly T[];
  }
}

/** Pools that agents name and the set lacks: another repository brings them. */
function assumePools(world: ManifestWorld): void {
  const agents: readonly AnyAgent[] = [...world.list(kinds.taskAgent), ...world.list(kinds.daemonAgent)];
  for (const { metadata, spec } of agents) {
    const { namespace } = metadata;
    const pool = {
      metadata: { namespace, name: spec.workerPoolRef },
      spec: { template: { image: placeholder } },
    };
    world.add(resourceName(kinds.workerPool), pool);
  }
}

function heardBy(world: World): CompiledManifests['heard'] {
  const triggersOf = triggersByAgent(world);
  const found = world.list(kinds.taskAgent).map((agent) => {
    const { namespace, name } = agent.metadata;
    const subjects = triggersOf(agent).map(({ subject }) => subject);
    return [agentId({ kind: 'TaskAgent', namespace, name }), subjects] as const;
  });
  return new Map(found.filter(([, subjects]) => subjects.length > 0));
}

/**
 * `objects` passed their schemas and have a namespace where their kind has one. `at`: the moment, in milliseconds, of which Approvals
 * that last are told; undefined: they are left out.
 */
export function compileManifests(
  objects: readonly KubeObject[],
  platformCidrs: readonly string[],
  at?: number,
): CompiledManifests {
  const world = new ManifestWorld(objects);
  assumePools(world);
  return {
    heard: heardBy(world),
    standing: at === undefined ? new Map() : standingApprovals(world, at),
    gateways: world
      .list(kinds.egressGateway)
      .map((gateway) => compileGateway(world, { gateway, platform: nowhere, platformCidrs }))
      .filter((document) => document !== undefined),
    pools: world
      .list(kinds.workerPool)
      .map((pool) =>
        compilePool(world, {
          pool,
          platform: nowhere,
          platformCidrs,
          insecureRegistries: [],
          clientCaPem: placeholder,
        }),
      )
      .filter((document) => document !== undefined),
  };
}
