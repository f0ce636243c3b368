/** Names the operator gives what it makes. */
import { createHash } from 'node:crypto';
import { controlPlaneCaSecret, telemetryTlsSecret } from '../../contract/index.ts';

export { childName } from '../../contract/index.ts';

/** In the system namespace. */
export const systemName = {
  controlPlaneCa: controlPlaneCaSecret,
  ingressClient: 'clrk-ingress-client',
  telemetryTls: telemetryTlsSecret,
  telemetryService: 'clrk-telemetry',
} as const;

/** Where agents' Services point. A name with the cluster's default domain: an ExternalName has no search path. */
export function ingressHost(systemNamespace: string): string {
  return `clrk-ingress.${systemNamespace}.svc.cluster.local`;
}

/** Keys of the Secret `clrk-pool-keys-<pool>`. */
export const poolKey = { frame: 'frame.key', certificate: 'tls.crt', privateKey: 'tls.key' } as const;

/** A gateway as accounts and records name it. */
export function gatewayId({ metadata }: { readonly metadata: { namespace: string; name: string } }): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** DNS name in every worker's dispatch certificate. */
export const workerDnsName = 'worker.clrk.internal';

export const label = {
  agent: 'clrk.apoxy.dev/agent',
  agentKind: 'clrk.apoxy.dev/agent-kind',
  generation: 'clrk.apoxy.dev/generation',
  revisionPool: 'clrk.apoxy.dev/worker-pool',
  workerPool: 'clrk.apoxy.dev/workerpool',
  component: 'clrk.apoxy.dev/component',
  egressGateway: 'clrk.apoxy.dev/egressgateway',
  controlPlanePki: 'clrk.apoxy.dev/control-plane-pki',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

export const managedByValue = 'clrk-operator';

/** A name as a label value: at most 63 characters, hashed beyond. */
export function labelValue(name: string): string {
  if (name.length <= 63) return name;
  return `${name.slice(0, 52)}-${createHash('sha256').update(name).digest('hex').slice(0, 10)}`;
}
