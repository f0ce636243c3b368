/** What every agent needs, as conditions: its pool, its gateways, a revision that can run. Pure. */
import { containmentOf } from '../contract/index.ts';
import { waitingReasons } from './agentsandboxrevision/status.ts';
import { gatewayNames, type AnyAgent } from './compile/index.ts';
import type { Fault } from './fault.ts';
import type { AgentSandboxRevision, EgressGateway } from './kind.ts';
import { conditionOf, type Finding } from './runtime/index.ts';

/** `fault`: a child could not be written; `envProblem`: why the environment cannot be resolved, if so. */
export function acceptedFinding({
  fault,
  envProblem,
}: {
  readonly fault: Fault | undefined;
  readonly envProblem: string | undefined;
}): Finding {
  const type = 'Accepted';
  if (fault !== undefined) return { type, status: 'False', ...fault };
  if (envProblem !== undefined) {
    return { type, status: 'False', reason: 'EnvUnresolved', message: envProblem };
  }
  return { type, status: 'True', reason: 'SpecValid', message: '' };
}

export function poolFinding(agent: AnyAgent, exists: boolean): Finding {
  const type = 'WorkerPoolReady';
  if (exists) return { type, status: 'True', reason: 'WorkerPoolFound', message: '' };
  const message = `WorkerPool ${agent.spec.workerPoolRef} does not exist in ${agent.metadata.namespace}`;
  return { type, status: 'False', reason: 'WorkerPoolNotFound', message };
}

/** `gateways`: those that exist, by name. */
export function egressFinding(agent: AnyAgent, gateways: ReadonlyMap<string, EgressGateway>): Finding {
  const type = 'EgressConfigured';
  const contained = containmentOf(agent);
  if (contained !== undefined) {
    return { type, status: 'True', reason: 'Contained', message: `egress is closed: contained ${contained}` };
  }
  const names = gatewayNames(agent);
  if (names.length === 0) {
    const message = 'no egressRefs: the agent reaches nothing but its metadata service';
    return { type, status: 'True', reason: 'NoEgressRefs', message };
  }
  const missing = names.filter((name) => !gateways.has(name));
  if (missing.length === 0) return { type, status: 'True', reason: 'AllEgressRefsFound', message: '' };
  const message = `EgressGateway ${missing.join(', ')} does not exist in ${agent.metadata.namespace}`;
  return { type, status: 'False', reason: 'EgressRefsNotFound', message };
}

/** The newest revision once it is ready; until then whatever served before, if it is still there. */
export function cutOver(
  { agent, revisions }: { readonly agent: AnyAgent; readonly revisions: readonly AgentSandboxRevision[] },
  created: string,
): string | undefined {
  const current = revisions.find(({ metadata }) => metadata.name === created);
  if (current !== undefined && conditionOf(current, 'Ready')?.status === 'True') return created;
  const before = agent.status?.latestReadyRevisionName;
  return revisions.some(({ metadata }) => metadata.name === before) ? before : undefined;
}

export function gatewayFinding(agent: AnyAgent, gateways: ReadonlyMap<string, EgressGateway>): Finding {
  const type = 'GatewayReady';
  const missing = gatewayNames(agent).filter((name) => !gateways.has(name));
  if (missing.length > 0) {
    const message = `EgressGateway ${missing.join(', ')} does not exist`;
    return { type, status: 'False', reason: 'GatewayNotFound', message };
  }
  const waiting = [...gateways].filter(([, each]) => conditionOf(each, 'Programmed')?.status !== 'True');
  if (waiting.length === 0) return { type, status: 'True', reason: 'GatewayProgrammed', message: '' };
  const message = `EgressGateway ${waiting.map(([name]) => name).join(', ')} is not programmed yet`;
  return { type, status: 'False', reason: 'GatewayNotProgrammed', message };
}

export function revisionFinding(
  revisions: readonly AgentSandboxRevision[],
  created: string,
  latestReady: string | undefined,
): Finding {
  const type = 'RevisionReady';
  if (latestReady === created) {
    return { type, status: 'True', reason: 'RevisionReady', message: `${created} serves` };
  }
  const current = revisions.find(({ metadata }) => metadata.name === created);
  const ready = current === undefined ? undefined : conditionOf(current, 'Ready');
  const serving = latestReady === undefined ? '' : `; ${latestReady} serves until then`;
  const reason = ready?.reason ?? 'NoWorkersReady';
  const message = `${created}: ${ready?.message ?? 'no worker reports yet'}${serving}`;
  return { type, status: 'False', reason, message };
}

/** Faults a person must mend, by the condition that carries them. */
export function isMendable(finding: Finding): boolean {
  if (finding.type === 'Accepted') return true;
  if (finding.type === 'WorkerPoolReady' || finding.type === 'EgressConfigured') return true;
  return finding.type === 'RevisionReady' && !waitingReasons.has(finding.reason);
}
