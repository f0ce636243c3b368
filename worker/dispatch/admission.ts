/**
 * May this request run here, now, and as what? Pure: the order of the checks is the order in which a person can do
 * something about them. Every refusal is immediate; nothing queues for a place (reference f).
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  agentId,
  header,
  isInvocationId,
  type PoolAgent,
  type PoolConfig,
  type PoolRevision,
} from '../../contract/index.ts';
import { DispatchError } from './dispatch-error.ts';

export interface AdmissionState<Image> {
  readonly config: PoolConfig | undefined;
  readonly draining: boolean;
  readonly capacity: number;
  readonly running: number;
  readonly runningOf: (agentId: string) => number;
  readonly imageOf: (namespace: string, revision: PoolRevision) => Image | undefined;
}

export interface Admitted<Image> {
  readonly agent: PoolAgent;
  readonly agentId: string;
  readonly revision: PoolRevision;
  readonly image: Image;
  readonly caPems: readonly string[];
  readonly invocationId: string;
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

function findAgent(config: PoolConfig, name: string): PoolAgent {
  const agent = config.agents.find(
    (each) => each.kind === 'TaskAgent' && `${each.namespace}/${each.name}` === name,
  );
  if (agent !== undefined) return agent;
  throw new DispatchError(
    'AGENT_NOT_FOUND',
    `this worker's pool has no TaskAgent ${name}`,
    'Check the name and that its workerPoolRef names this pool.',
  );
}

function findRevision(agent: PoolAgent, asked: string | undefined): PoolRevision {
  const name = asked ?? agent.servingRevision;
  const revision = agent.revisions.find((each) => each.name === name);
  if (revision !== undefined) return revision;
  throw new DispatchError(
    'NO_READY_REVISION',
    `TaskAgent ${agent.namespace}/${agent.name} has no ready revision`,
    'See its RevisionReady condition.',
  );
}

function trustOf(config: PoolConfig, agent: PoolAgent): readonly string[] {
  return agent.gateways.map((id) => {
    const caPem = config.gateways.find((gateway) => gateway.id === id)?.caPem;
    if (caPem !== undefined) return caPem;
    throw new DispatchError(
      'EGRESS_NOT_READY',
      `the EgressGateway ${id} of TaskAgent ${agent.namespace}/${agent.name} has no CA yet`,
      'See the EgressConfigured condition of the agent and the status of the gateway.',
    );
  });
}

function requireRoom(state: AdmissionState<unknown>, agent: PoolAgent, id: string): void {
  if (state.running >= state.capacity) {
    throw new DispatchError(
      'AT_CAPACITY',
      `this worker runs ${state.capacity} sandboxes already`,
      'Try again, or give the WorkerPool more replicas.',
    );
  }
  if (agent.maxConcurrent > 0 && state.runningOf(id) >= agent.maxConcurrent) {
    throw new DispatchError(
      'AT_MAX_CONCURRENT',
      `TaskAgent ${agent.namespace}/${agent.name} runs ${agent.maxConcurrent} times already`,
      'Try again, or raise spec.maxConcurrent.',
    );
  }
}

/** Throws DispatchError. */
export function admit<Image>(state: AdmissionState<Image>, headers: IncomingHttpHeaders): Admitted<Image> {
  if (state.draining) {
    throw new DispatchError(
      'WORKER_DRAINING',
      'this worker is stopping',
      'Another worker takes the request.',
    );
  }
  const name = single(headers[header.taskAgent]);
  const invocationId = single(headers[header.invocationId]);
  if (name === undefined || invocationId === undefined || !isInvocationId(invocationId)) {
    throw new DispatchError(
      'BAD_REQUEST',
      `the headers ${header.taskAgent} and ${header.invocationId} are needed`,
      'Call the ingress, which sets them.',
    );
  }
  if (state.config === undefined) {
    throw new DispatchError('CONFIG_NOT_LOADED', 'this worker has no config yet', 'Try again in a moment.');
  }
  const agent = findAgent(state.config, name);
  const id = agentId(agent);
  const revision = findRevision(agent, single(headers[header.revision]));
  const caPems = trustOf(state.config, agent);
  const image = state.imageOf(agent.namespace, revision);
  if (image === undefined) {
    throw new DispatchError(
      'IMAGE_NOT_READY',
      `the image of revision ${revision.name} is not on this worker`,
      'See the status of the AgentSandboxRevision.',
    );
  }
  requireRoom(state, agent, id);
  return { agent, agentId: id, revision, image, caPems, invocationId };
}
