/**
 * May this request run here, now, and as what? Pure: the order of the checks is the order in which a person can do
 * something about them. Every refusal is immediate; nothing queues for a place (reference f).
 */
import {
  agentId,
  factsOfKind,
  header,
  isInvocationId,
  type PoolAgent,
  type PoolConfig,
  type PoolRevision,
} from '../../contract/index.ts';
import type { CallHeaders } from './call.ts';
import { DispatchError } from './dispatch-error.ts';

export interface AdmissionState<Image> {
  readonly config: PoolConfig | undefined;
  readonly draining: boolean;
  readonly capacity: number;
  /** There is room for the events of one call more. */
  readonly canRecord: boolean;
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

/** An ingress before 0.2 says `namespace/name` alone. */
function namedAgent(headers: CallHeaders): string | undefined {
  return headers[header.agent] ?? headers[header.taskAgent];
}

function findAgent(config: PoolConfig, named: string): PoolAgent {
  const agent = config.agents.find(
    (each) =>
      factsOfKind(each).takesCalls && (agentId(each) === named || `${each.namespace}/${each.name}` === named),
  );
  if (agent !== undefined) return agent;
  throw new DispatchError(
    'AGENT_NOT_FOUND',
    `this worker's pool has no agent ${named} that takes calls`,
    'Check the name and that its workerPoolRef names this pool.',
  );
}

/**
 * The revision asked for, or the one that serves here: while a new one takes over, ingress and worker may know different
 * ones, and a call is served as long as either can.
 */
function findRevision<Image>(
  state: AdmissionState<Image>,
  agent: PoolAgent,
  asked: string | undefined,
): { readonly revision: PoolRevision; readonly image: Image } {
  const known = [asked, agent.servingRevision].flatMap(
    (name) => agent.revisions.find((each) => name !== undefined && each.name === name) ?? [],
  );
  for (const revision of known) {
    const image = state.imageOf(agent.namespace, revision);
    if (image !== undefined) return { revision, image };
  }
  const [wanted] = known;
  if (wanted === undefined) {
    throw new DispatchError(
      'NO_READY_REVISION',
      `${agentId(agent)} has no ready revision`,
      'See its RevisionReady condition.',
    );
  }
  throw new DispatchError(
    'IMAGE_NOT_READY',
    `the image of revision ${wanted.name} is not on this worker`,
    'See the status of the AgentSandboxRevision.',
  );
}

function trustOf(config: PoolConfig, agent: PoolAgent): readonly string[] {
  return agent.gateways.map((id) => {
    const caPem = config.gateways.find((gateway) => gateway.id === id)?.caPem;
    if (caPem !== undefined) return caPem;
    throw new DispatchError(
      'EGRESS_NOT_READY',
      `the EgressGateway ${id} of ${agentId(agent)} has no CA yet`,
      'See the EgressConfigured condition of the agent and the status of the gateway.',
    );
  });
}

function requireRoom(state: AdmissionState<unknown>, agent: PoolAgent, id: string): void {
  if (!state.canRecord) {
    throw new DispatchError(
      'RECORDS_UNAVAILABLE',
      'this worker cannot write invocation records now',
      'The event store is away; calls are refused rather than run without a record.',
    );
  }
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
      `${id} runs ${agent.maxConcurrent} times already`,
      'Try again, or raise spec.maxConcurrent.',
    );
  }
}

/** Throws DispatchError. */
export function admit<Image>(state: AdmissionState<Image>, headers: CallHeaders): Admitted<Image> {
  if (state.draining) {
    throw new DispatchError(
      'WORKER_DRAINING',
      'this worker is stopping',
      'Another worker takes the request.',
    );
  }
  const name = namedAgent(headers);
  const invocationId = headers[header.invocationId];
  if (name === undefined || invocationId === undefined || !isInvocationId(invocationId)) {
    throw new DispatchError(
      'BAD_REQUEST',
      `the headers ${header.agent} and ${header.invocationId} are needed`,
      'Call the ingress, which sets them.',
    );
  }
  if (state.config === undefined) {
    throw new DispatchError('CONFIG_NOT_LOADED', 'this worker has no config yet', 'Try again in a moment.');
  }
  const agent = findAgent(state.config, name);
  const id = agentId(agent);
  const caPems = trustOf(state.config, agent);
  const { revision, image } = findRevision(state, agent, headers[header.revision]);
  requireRoom(state, agent, id);
  return { agent, agentId: id, revision, image, caPems, invocationId };
}
