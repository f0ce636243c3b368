/**
 * Who may connect to the pods the operator makes, as NetworkPolicies, pure. The second lock: both ports authenticate each
 * peer whatever the network lets through. Only what comes in is limited: where agents may go is decided by the gateway,
 * which must reach any provider, and a worker pulls from any registry while its sandboxes' own traffic never leaves it.
 */
import { namespaceNameLabel, ports } from '../contract/index.ts';
import { label } from './compile/index.ts';
import type { KubeObject, Metadata } from './runtime/index.ts';

/** The label by which apps/system-names.ts names the platform's own pods. */
const nameLabel = 'app.kubernetes.io/name';

interface Peer {
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
}

function policy(
  metadata: Metadata,
  pods: Readonly<Record<string, string>>,
  port: number,
  from: Peer,
): KubeObject {
  const tcp = (number: number): object => ({ port: number, protocol: 'TCP' });
  return {
    metadata,
    spec: {
      podSelector: { matchLabels: pods },
      policyTypes: ['Ingress'],
      // Probes and scrapes come from anywhere.
      ingress: [{ ports: [tcp(port)], from: [from] }, { ports: [tcp(ports.health)] }],
    },
  } as KubeObject;
}

/** Workers take calls from the ingress alone. */
export function workerNetworkPolicy(
  metadata: Metadata,
  pods: Readonly<Record<string, string>>,
  systemNamespace: string,
): KubeObject {
  return policy(metadata, pods, ports.workerDispatch, {
    namespaceSelector: { matchLabels: { [namespaceNameLabel]: systemNamespace } },
    podSelector: { matchLabels: { [nameLabel]: 'clrk-ingress' } },
  });
}

/** Gateways take connections from workers of their namespace alone: agents refer to no other's gateway. */
export function gatewayNetworkPolicy(metadata: Metadata, pods: Readonly<Record<string, string>>): KubeObject {
  return policy(metadata, pods, ports.egressFrame, {
    podSelector: { matchLabels: { [label.component]: 'worker' } },
  });
}
