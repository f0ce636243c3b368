/**
 * Who may connect to the platform's pods. Nobody, then a policy a part. Roles authenticate each other whatever the
 * network lets through; this is the second lock. Probes and scrapes come from anywhere (health port).
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { PlatformSettings } from './platform-settings.ts';
import { metadataOf, selectorOf, type PlatformPart } from './platform-workload.ts';
import { labels } from './system-names.ts';

export interface OpenPorts {
  readonly anyone: readonly number[];
  /** Only pods of the platform: its own, and workers and gateways wherever they run. */
  readonly platform: readonly number[];
  /** Only telemetry. */
  readonly telemetry?: readonly number[];
}

/** They answer and never call. */
const callsNobody: readonly PlatformPart[] = ['nats', 'clickhouse'];

function portsOf(numbers: readonly number[]): k8s.NetworkPolicyPort[] {
  return numbers.map((port) => ({ port: k8s.IntOrString.fromNumber(port), protocol: 'TCP' }));
}

function platformPeers(settings: PlatformSettings): k8s.NetworkPolicyPeer[] {
  return [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': settings.namespace } },
      podSelector: { matchLabels: { [labels.partOf]: 'clrk' } },
    },
    {
      namespaceSelector: {},
      podSelector: { matchLabels: { [labels.managedBy]: labels.managedByOperator } },
    },
  ];
}

export function addDefaultDeny(scope: Construct, settings: PlatformSettings): void {
  new k8s.KubeNetworkPolicy(scope, 'default-deny', {
    metadata: metadataOf(settings, 'clrk-default-deny'),
    spec: { podSelector: { matchLabels: { [labels.partOf]: 'clrk' } }, policyTypes: ['Ingress'] },
  });
}

export function openPorts(
  scope: Construct,
  settings: PlatformSettings,
  part: PlatformPart,
  open: OpenPorts,
): void {
  new k8s.KubeNetworkPolicy(scope, `${part}-policy`, {
    metadata: metadataOf(settings, `clrk-${part}`),
    spec: {
      podSelector: { matchLabels: selectorOf(part) },
      policyTypes: callsNobody.includes(part) ? ['Ingress', 'Egress'] : ['Ingress'],
      ingress: [
        ...(open.anyone.length === 0 ? [] : [{ ports: portsOf(open.anyone) }]),
        ...(open.platform.length === 0
          ? []
          : [{ ports: portsOf(open.platform), from: platformPeers(settings) }]),
        ...(open.telemetry === undefined
          ? []
          : [
              {
                ports: portsOf(open.telemetry),
                from: [{ podSelector: { matchLabels: selectorOf('telemetry') } }],
              },
            ]),
      ],
    },
  });
}
