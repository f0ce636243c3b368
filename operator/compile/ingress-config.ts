/** The ingress's settings, and the shards of TaskAgents it dispatches by. */
import {
  ingressShardOf,
  type CallerExtractor,
  type EventTrigger,
  type IngressAgent,
  type IngressSettings,
  type IngressShard,
  type PlatformEndpoints,
} from '../../contract/index.ts';
import { kinds, type TaskAgent } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { fitFairly } from './fair-share.ts';
import { poolOfRevision } from './membership.ts';
import { systemName } from './name.ts';
import { byAge, isLive } from './order.ts';
import { agentTimeoutMs } from './pool-config.ts';
import { secretText } from './secret-value.ts';
import { triggersByAgent } from './trigger-share.ts';

/** Of a shard's agents as JSON: far below what a Secret holds, however badly it compresses. */
export const maxShardBytes = 512 * 1024;

export interface IngressInput {
  readonly platform: PlatformEndpoints;
  readonly systemNamespace: string;
}

/** The document without its digest, or undefined while the ingress has no client certificate. */
export function compileIngressSettings(
  world: World,
  input: IngressInput,
): Omit<IngressSettings, 'digest'> | undefined {
  const client = world.get(kinds.secret, input.systemNamespace, systemName.ingressClient);
  const certificatePem = secretText(client, 'tls.crt');
  const privateKeyPem = secretText(client, 'tls.key');
  const serverCaPem = secretText(client, 'ca.crt');
  if (!certificatePem || !privateKeyPem || !serverCaPem) return undefined;
  return {
    version: 1,
    dispatchTls: { certificatePem, privateKeyPem, serverCaPem },
    platform: input.platform,
  };
}

export interface CompiledShard {
  readonly document: Omit<IngressShard, 'digest'>;
  /** Agents over their namespace's share, as `namespace/name`. */
  readonly left: readonly string[];
}

export function compileIngressShard(world: World, shard: number, limitBytes = maxShardBytes): CompiledShard {
  // A namespace has many agents, and its shard takes a hash.
  const shards = new Map<string, number>();
  const shardOf = (namespace: string): number => {
    const known = shards.get(namespace) ?? ingressShardOf(namespace);
    shards.set(namespace, known);
    return known;
  };
  const agents = world
    .list(kinds.taskAgent)
    .filter((agent) => shardOf(agent.metadata.namespace) === shard && isLive(agent));
  const triggersOf = triggersByAgent(world);
  const sized = byAge(agents).map((agent) => {
    const item = compileAgent(world, agent, triggersOf(agent));
    return { item, tenant: item.namespace, bytes: Buffer.byteLength(JSON.stringify(item)) };
  });
  const { kept, left } = fitFairly(sized, limitBytes);
  const key = ({ namespace, name }: IngressAgent): string => `${namespace}/${name}`;
  return {
    document: { version: 1, shard, agents: [...kept].sort((a, b) => (key(a) < key(b) ? -1 : 1)) },
    left: left.map(key),
  };
}

function compileAgent(world: World, agent: TaskAgent, triggers: readonly EventTrigger[]): IngressAgent {
  const { metadata, spec, status } = agent;
  const serving = status?.latestReadyRevisionName;
  const revision = world.get(kinds.agentSandboxRevision, metadata.namespace, serving ?? '');
  // An agent that moves to another pool is called where it serves, until it serves there.
  const pool = revision === undefined ? spec.workerPoolRef : poolOfRevision(agent, revision);
  return {
    kind: 'TaskAgent',
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? '',
    pool: `${metadata.namespace}/${pool}`,
    ...(serving === undefined || serving === '' ? {} : { servingRevision: serving }),
    timeoutMs: agentTimeoutMs(agent),
    maxConcurrent: spec.maxConcurrent ?? 0,
    ...scheduleOf(agent),
    ...(triggers.length === 0 ? {} : { triggers: [...triggers] }),
    ...callerExtractorsOf(agent),
  };
}

/** Only of agents that have one: an input is large, and a shard is shared. */
function scheduleOf({
  metadata,
  spec,
}: TaskAgent): Pick<IngressAgent, 'schedule' | 'scheduleInput' | 'createdAt'> {
  if (spec.schedule === undefined) return {};
  const { schedule, scheduleInput } = spec;
  return {
    schedule,
    ...(scheduleInput === undefined ? {} : { scheduleInput: JSON.stringify(scheduleInput) }),
    createdAt: scheduleStart(metadata),
  };
}

function callerExtractorsOf({ spec: { identity } }: TaskAgent): Pick<IngressAgent, 'callerExtractors'> {
  if (identity === undefined) return {};
  const callerExtractors = identity.extractors.flatMap(({ header, body, jwt }): CallerExtractor[] => {
    if (header !== undefined) return [{ field: header.field, source: 'Header', from: header.name }];
    if (body !== undefined) return [{ field: body.field, source: 'Body', from: body.jsonPath }];
    if (jwt === undefined) return [];
    const { field, claim: from, ...verifying } = jwt;
    return [{ field, source: 'JWT', from, ...verifying }];
  });
  return { callerExtractors };
}

/** From when periods are counted: the same for the ingress that fires and for the status that says when. */
export function scheduleStart({
  creationTimestamp,
}: {
  readonly creationTimestamp?: string | Date | undefined;
}): number {
  const time = new Date(creationTimestamp ?? 0).getTime();
  return Number.isNaN(time) ? 0 : time;
}
