/** What every agent needs to exist, as conditions: its pool and its gateways. Pure. */
import { containmentOf } from '../contract/index.ts';
import { gatewayNames, type AnyAgent } from './compile/index.ts';
import type { EgressGateway } from './kind.ts';
import type { Finding } from './runtime/index.ts';

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
