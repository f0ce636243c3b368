/** One WorkerPool, its agents, their revisions and gateways, compiled to the document its workers run. */
import {
  containmentOf,
  hardTimeoutMs,
  type PlatformEndpoints,
  type PoolAgent,
  type PoolConfig,
  type PoolGateway,
  type PoolRevision,
} from '../../contract/index.ts';
import { parseDuration, parseQuantity } from '../../api/index.ts';
import {
  kinds,
  type AgentSandboxRevision,
  type DaemonAgent,
  type TaskAgent,
  type WorkerPool,
} from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { compileDestinations } from './destination.ts';
import { resolveEnv } from './env-value.ts';
import { gatewayCa } from './gateway-ca.ts';
import { agentsOfPool, gatewayNames, type AnyAgent, type PoolMember } from './membership.ts';
import { childName, poolKey } from './name.ts';
import { isLive } from './order.ts';
import { compileRegistries } from './registry.ts';
import { secretText } from './secret-value.ts';
import { compileStandby } from './standby.ts';

// Defaults of the original's TaskAgent, applied for real here.
const defaultTimeoutMs = 100_000;
const defaultIdleTtlMs = 10 * 60_000;
const defaultCpuMillis = 1_000;
const defaultMemoryBytes = 512 * 1024 * 1024;
const defaultStateMb = 100;
const defaultStateMount = '/var/clrk/state';

export interface PoolInput {
  readonly pool: WorkerPool;
  readonly platform: PlatformEndpoints;
  readonly platformCidrs: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** Certificate of the control-plane CA; the ingress presents a certificate of it. */
  readonly clientCaPem: string;
}

/** The document without its digest, or undefined while the pool's keys are not made yet. */
export function compilePool(world: World, input: PoolInput): Omit<PoolConfig, 'digest'> | undefined {
  const { pool, platform, clientCaPem } = input;
  const { namespace, name, uid } = pool.metadata;
  const keys = world.get(kinds.secret, namespace, childName.poolKeys(name));
  const frameKeyBase64 = keys?.data?.[poolKey.frame];
  const certificatePem = secretText(keys, poolKey.certificate);
  const privateKeyPem = secretText(keys, poolKey.privateKey);
  if (!frameKeyBase64 || !certificatePem || !privateKeyPem || clientCaPem === '') return undefined;
  const members = agentsOfPool(world, pool);
  return {
    version: 1,
    pool: { namespace, name, uid: uid ?? '' },
    frameKeyBase64,
    dispatchTls: { certificatePem, privateKeyPem, clientCaPem },
    maxExecutionsPerWorker: pool.spec.maxExecutionsPerWorker ?? 0,
    agents: members.map((member) => compileAgent(world, member)),
    gateways: compileGateways(world, namespace, members, input.platformCidrs),
    registries: compileRegistries(world, pool, input.insecureRegistries),
    platform,
  };
}

function compileAgent(world: World, member: PoolMember): PoolAgent {
  const { kind, agent } = member;
  const { metadata, spec, status } = agent;
  const revisions = member.revisions.flatMap((revision) => compileRevision(world, agent, revision));
  const serving = status?.latestReadyRevisionName;
  const serves = revisions.some((revision) => revision.name === serving);
  return {
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? '',
    revisions,
    ...(serves && serving !== undefined ? { servingRevision: serving } : {}),
    resources: compileResources(spec.resources),
    gateways: gatewayNames(agent).map((name) => `${metadata.namespace}/${name}`),
    ...(kind === 'TaskAgent' ? compileTask(agent, revisions) : compileDaemon(agent)),
  };
}

type OfKind = Omit<
  PoolAgent,
  'kind' | 'namespace' | 'name' | 'uid' | 'revisions' | 'servingRevision' | 'resources' | 'gateways'
>;

function compileTask(agent: TaskAgent, revisions: readonly PoolRevision[]): OfKind {
  const { spec } = agent;
  return {
    timeoutMs: agentTimeoutMs(agent),
    maxConcurrent: spec.maxConcurrent ?? 0,
    warmPoolSize: spec.warmPoolSize ?? 0,
    warmPoolIdleTtlMs: positive(parseDuration(spec.warmPoolIdleTTL ?? ''), defaultIdleTtlMs),
    deliveryMode: spec.delivery?.mode ?? 'Stdin',
    ...compileStandby(spec, revisions),
    ...compileState(spec.state),
  };
}

/** Nobody calls it and nothing of it is made ahead. */
const notCalled = {
  ...{ timeoutMs: hardTimeoutMs, maxConcurrent: 1, warmPoolSize: 0, warmPoolIdleTtlMs: defaultIdleTtlMs },
  deliveryMode: 'Stdin',
} as const;

function compileDaemon(agent: DaemonAgent): OfKind {
  const { restartPolicy = 'Always', maxRestarts = 0, maxLifetimeSeconds = 0, suspend } = agent.spec;
  const maxLifetimeMs = Math.min(maxLifetimeSeconds * 1_000, Number.MAX_SAFE_INTEGER);
  const stop = suspend === true ? 'Suspended' : containmentOf(agent) === undefined ? undefined : 'Contained';
  return {
    ...notCalled,
    daemon: { restartPolicy, maxRestarts, maxLifetimeMs, ...(stop === undefined ? {} : { stop }) },
  };
}

export function agentTimeoutMs(agent: TaskAgent): number {
  return Math.min(positive(parseDuration(agent.spec.timeout ?? ''), defaultTimeoutMs), hardTimeoutMs);
}

function positive(value: number | undefined, otherwise: number): number {
  return value === undefined || !(value > 0) ? otherwise : Math.ceil(value);
}

function compileRevision(world: World, agent: AnyAgent, revision: AgentSandboxRevision): PoolRevision[] {
  const { image, command, args } = revision.spec;
  const resolved = resolveEnv(world, agent, revision.spec.env ?? []);
  if (!resolved.resolved) return [];
  return [
    {
      name: revision.metadata.name,
      image,
      ...(command === undefined ? {} : { command: [...command] }),
      ...(args === undefined ? {} : { args: [...args] }),
      env: resolved.env.map((each) => ({ ...each })),
    },
  ];
}

function compileResources(resources: TaskAgent['spec']['resources']): PoolAgent['resources'] {
  const { cpu, memory, ephemeralStorage } = resources ?? {};
  return {
    cpuMillis: positive(quantity(cpu, 1_000), defaultCpuMillis),
    memoryBytes: positive(quantity(memory, 1), defaultMemoryBytes),
    ephemeralStorageBytes: Math.max(0, Math.ceil(quantity(ephemeralStorage, 1) ?? 0)),
  };
}

function quantity(value: string | number | undefined, factor: number): number | undefined {
  if (value === undefined) return undefined;
  const parsed = parseQuantity(String(value));
  return parsed === undefined ? undefined : parsed * factor;
}

function compileState(state: TaskAgent['spec']['state']): Pick<PoolAgent, 'state'> {
  if (state === undefined) return {};
  const sizeLimitBytes = (state.sizeLimitMB ?? defaultStateMb) * 1024 * 1024;
  return { state: { mountPath: state.mountPath ?? defaultStateMount, sizeLimitBytes } };
}

function compileGateways(
  world: World,
  namespace: string,
  members: readonly PoolMember[],
  platformCidrs: readonly string[],
): PoolGateway[] {
  const names = [...new Set(members.flatMap(({ agent }) => gatewayNames(agent)))].sort();
  return names.flatMap((name) => {
    const gateway = world.get(kinds.egressGateway, namespace, name);
    if (gateway === undefined || !isLive(gateway)) return [];
    const ca = gatewayCa(world, gateway);
    return [
      {
        id: `${namespace}/${name}`,
        ...(ca.found ? { caPem: ca.certificatePem } : {}),
        destinations: compileDestinations(world, gateway, platformCidrs),
      },
    ];
  });
}
