/** Every TaskAgent, compiled to the document the ingress dispatches by. */
import type { IngressAgent, IngressConfig, PlatformEndpoints } from '../../contract/index.ts';
import { kinds, type TaskAgent } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { systemName } from './name.ts';
import { isLive } from './order.ts';
import { agentTimeoutMs } from './pool-config.ts';
import { secretText } from './secret-value.ts';

export interface IngressInput {
  readonly platform: PlatformEndpoints;
  readonly systemNamespace: string;
}

/** The document without its digest, or undefined while the ingress has no client certificate. */
export function compileIngress(world: World, input: IngressInput): Omit<IngressConfig, 'digest'> | undefined {
  const client = world.get(kinds.secret, input.systemNamespace, systemName.ingressClient);
  const certificatePem = secretText(client, 'tls.crt');
  const privateKeyPem = secretText(client, 'tls.key');
  const serverCaPem = secretText(client, 'ca.crt');
  if (!certificatePem || !privateKeyPem || !serverCaPem) return undefined;
  return {
    version: 1,
    agents: world.list(kinds.taskAgent).filter(isLive).map(compileAgent),
    dispatchTls: { certificatePem, privateKeyPem, serverCaPem },
    platform: input.platform,
  };
}

function compileAgent({ metadata, spec, status }: TaskAgent): IngressAgent {
  const serving = status?.latestReadyRevisionName;
  return {
    kind: 'TaskAgent',
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? '',
    pool: `${metadata.namespace}/${spec.workerPoolRef}`,
    ...(serving === undefined || serving === '' ? {} : { servingRevision: serving }),
    timeoutMs: agentTimeoutMs({ metadata, spec } as TaskAgent),
    maxConcurrent: spec.maxConcurrent ?? 0,
    ...(spec.schedule === undefined ? {} : { schedule: spec.schedule }),
  };
}
