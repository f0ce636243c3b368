/** An EgressGateway's children, pure: Deployment, headless Service, and the right to read one Secret. */
import { gatewayProcesses, gatewayResources } from '../../api/index.ts';
import { configSecretName, environment, ports } from '../../contract/index.ts';
import { childName, label, labelValue } from '../compile/index.ts';
import { gatewayNetworkPolicy } from '../data-plane-policy.ts';
import type { EgressGateway } from '../kind.ts';
import { controllerRef, managedLabels } from '../owner.ts';
import type { KubeObject, Metadata } from '../runtime/index.ts';
import {
  configReader,
  configReaderBinding,
  downwardEnv,
  oneMoreFirst,
  probe,
} from '../workerpool/children.ts';

// Longer than the gateway's own drain: 3 s in which it still takes connections, 300 s for open calls, and its last words.
const terminationGraceSeconds = 345;

export function gatewayMetadata(gateway: EgressGateway, name: string): Metadata {
  return {
    namespace: gateway.metadata.namespace,
    name,
    labels: { ...managedLabels('egress'), ...gatewaySelector(gateway) },
    ownerReferences: [controllerRef({ kind: 'EgressGateway', metadata: gateway.metadata })],
  };
}

export function gatewayReplicas({ spec }: EgressGateway): number {
  return spec.replicas ?? 1;
}

export function gatewaySelector(gateway: EgressGateway): Record<string, string> {
  return { [label.egressGateway]: labelValue(gateway.metadata.name) };
}

export function gatewayDeployment(gateway: EgressGateway, image: string): KubeObject {
  const { name } = gateway.metadata;
  const metadata = gatewayMetadata(gateway, childName.gateway(name));
  const processes = gatewayProcesses(gateway.spec.resources);
  const container = {
    name: 'egress',
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['egress'],
    env: [
      ...downwardEnv(),
      // libuv lets look-ups of names have half of it; with 4, two silent zones would hold up everybody's.
      { name: 'UV_THREADPOOL_SIZE', value: '64' },
      { name: environment.gatewayName, value: name },
      { name: environment.configSecret, value: configSecretName.gateway(name) },
      ...(processes > 1 ? [{ name: environment.gatewayProcesses, value: String(processes) }] : []),
    ],
    resources: gatewayResources(gateway.spec.resources),
    ports: [{ name: 'frame', containerPort: ports.egressFrame, protocol: 'TCP' }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    readinessProbe: probe('/readyz', 2),
    livenessProbe: probe('/healthz', 10),
  };
  const podSpec = {
    serviceAccountName: childName.gateway(name),
    terminationGracePeriodSeconds: terminationGraceSeconds,
    // Pod Security "restricted"; 65532 is the image's nonroot user.
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    // Not one node's end for all of them, where there are others.
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
        labelSelector: { matchLabels: gatewaySelector(gateway) },
      },
    ],
    containers: [container],
  };
  return {
    metadata,
    spec: {
      replicas: gatewayReplicas(gateway),
      strategy: oneMoreFirst,
      selector: { matchLabels: gatewaySelector(gateway) },
      template: { metadata: { labels: metadata.labels }, spec: podSpec },
    },
  } as KubeObject;
}

/** Headless: workers find gateways by their status in NATS. */
export function gatewayService(gateway: EgressGateway): KubeObject {
  return {
    metadata: gatewayMetadata(gateway, childName.gateway(gateway.metadata.name)),
    spec: {
      clusterIP: 'None',
      selector: gatewaySelector(gateway),
      ports: [{ name: 'frame', port: ports.egressFrame, targetPort: ports.egressFrame, protocol: 'TCP' }],
    },
  } as KubeObject;
}

/** One pod at a time may go for maintenance; with a single replica that is a short pause, not a blocked node. */
export function gatewayDisruptionBudget(gateway: EgressGateway): KubeObject {
  return {
    metadata: gatewayMetadata(gateway, childName.gateway(gateway.metadata.name)),
    spec: { maxUnavailable: 1, selector: { matchLabels: gatewaySelector(gateway) } },
  } as KubeObject;
}

export function gatewayPolicy(gateway: EgressGateway): KubeObject {
  const metadata = gatewayMetadata(gateway, childName.gateway(gateway.metadata.name));
  return gatewayNetworkPolicy(metadata, gatewaySelector(gateway));
}

export function gatewayServiceAccount(gateway: EgressGateway): KubeObject {
  return { metadata: gatewayMetadata(gateway, childName.gateway(gateway.metadata.name)) };
}

export function gatewayRole(gateway: EgressGateway): KubeObject {
  const { name } = gateway.metadata;
  return configReader(gatewayMetadata(gateway, childName.gateway(name)), configSecretName.gateway(name));
}

export function gatewayRoleBinding(gateway: EgressGateway): KubeObject {
  const name = childName.gateway(gateway.metadata.name);
  return configReaderBinding(gatewayMetadata(gateway, name), name);
}
