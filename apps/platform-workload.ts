/**
 * One part of the platform as Kubernetes objects: ServiceAccount, Deployment and disruption budget, under the
 * "restricted" pod security standard. Apart from the chart so that all roles have the same shape. Secrets are mounted,
 * never put in env.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { PlatformSettings } from './platform-settings.ts';
import {
  labels,
  platformAuthSecret,
  platformSettings,
  platformVersion,
  ports,
  telemetryTlsSecret,
  variables,
} from './system-names.ts';

// The numeric "nonroot" user of distroless images; nothing depends on its name.
const userId = 65_532;
const platformAuthDir = '/etc/clrk/platform-auth';
const telemetryTlsDir = '/etc/clrk/telemetry-tls';
// Longer than a role's own drain: the ingress takes calls for up to 15 s, waits 315 s for those under way, then for their events.
const terminationGraceSeconds: Readonly<Record<PlatformRole, number>> = {
  operator: 45,
  ingress: 360,
  telemetry: 45,
};

/** Nobody goes before his successor is ready. */
const oneMoreFirst: k8s.DeploymentStrategy = {
  type: 'RollingUpdate',
  rollingUpdate: { maxUnavailable: k8s.IntOrString.fromNumber(0), maxSurge: k8s.IntOrString.fromNumber(1) },
};

export type PlatformRole = 'operator' | 'ingress' | 'telemetry';
export type PlatformPart = PlatformRole | 'nats' | 'clickhouse';

export interface WorkloadProps {
  readonly role: PlatformRole;
  readonly settings: PlatformSettings;
  readonly ports: Readonly<Record<string, number>>;
  readonly env: readonly k8s.EnvVar[];
  /** Reads the Kubernetes API; only then is a token mounted. */
  readonly usesApi: boolean;
  /** Mounts the Secrets of telemetry: its credentials and its certificate. */
  readonly platformAuth: boolean;
  readonly memory: Bounds;
  readonly cpus: number;
  readonly replicas: number;
  /** A claim of this name, mounted at the path; one pod at a time then. */
  readonly data?: { readonly claim: string; readonly path: string };
}

export const restrictedPod: k8s.PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: userId,
  runAsGroup: userId,
  fsGroup: userId,
  seccompProfile: { type: 'RuntimeDefault' },
};

export const restrictedContainer: k8s.SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

export function selectorOf(part: PlatformPart): Record<string, string> {
  return { [labels.name]: `clrk-${part}` };
}

export function metadataOf(settings: PlatformSettings, name: string): k8s.ObjectMeta {
  return {
    name,
    namespace: settings.namespace,
    labels: { [labels.name]: name, [labels.partOf]: 'clrk' },
  };
}

/** A setting of this installation; absent settings leave the variable unset. */
export function setting(name: string, key: string): k8s.EnvVar {
  return { name, valueFrom: { configMapKeyRef: { name: platformSettings, key, optional: true } } };
}

/**
 * Checks of kube-score that a decision stands against (docs/decisions/034): an image that is on the node starts without its
 * registry, and a StatefulSet of one pod is reached through a Service with an address.
 */
export function acceptedFindings(part: PlatformPart): Readonly<Record<string, string>> {
  const isSet = part === 'nats' || part === 'clickhouse';
  const checks = ['container-image-pull-policy', ...(isSet ? ['statefulset-has-servicename'] : [])];
  return { 'kube-score/ignore': checks.join(',') };
}

export interface Bounds {
  readonly request: string;
  readonly limit: string;
}

/** Logs and /tmp: everything kept is on a volume. */
const ephemeral: Bounds = { request: '64Mi', limit: '1Gi' };

/**
 * `cpus`: a ceiling above all that the process can use at its best, so that it throttles nobody who works and a runaway does
 * not starve its node.
 */
export function resourcesOf(memory: Bounds, cpus: number): k8s.ResourceRequirements {
  const quantity = (text: string): k8s.Quantity => k8s.Quantity.fromString(text);
  const requests = { cpu: '100m', memory: memory.request, 'ephemeral-storage': ephemeral.request };
  const limits = { cpu: String(cpus), memory: memory.limit, 'ephemeral-storage': ephemeral.limit };
  const quantities = (texts: Readonly<Record<string, string>>): Record<string, k8s.Quantity> =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, quantity(text)]));
  return { requests: quantities(requests), limits: quantities(limits) };
}

/** Replicas on different nodes where there are any: one node's end is then not the platform's. */
function spreadOf(part: PlatformPart): Pick<k8s.PodSpec, 'affinity'> {
  const podAffinityTerm = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: selectorOf(part) },
  };
  return {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
      },
    },
  };
}

function field(name: string, fieldPath: string): k8s.EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function environmentOf(props: WorkloadProps): k8s.EnvVar[] {
  return [
    field(variables.podName, 'metadata.name'),
    field(variables.podNamespace, 'metadata.namespace'),
    field(variables.podIp, 'status.podIP'),
    ...(props.platformAuth
      ? [
          { name: variables.platformAuthDir, value: platformAuthDir },
          { name: variables.telemetryTlsDir, value: telemetryTlsDir },
        ]
      : []),
    ...props.env,
  ];
}

function volumesOf(props: WorkloadProps): { volumes: k8s.Volume[]; volumeMounts: k8s.VolumeMount[] } {
  const volumes: k8s.Volume[] = [{ name: 'tmp', emptyDir: {} }];
  const volumeMounts: k8s.VolumeMount[] = [{ name: 'tmp', mountPath: '/tmp' }];
  if (props.platformAuth) {
    // 0440: the group is fsGroup, others read nothing. Until the operator made it, the pod waits.
    const mount = (name: string, secretName: string, mountPath: string): void => {
      volumes.push({ name, secret: { secretName, defaultMode: 0o440 } });
      volumeMounts.push({ name, mountPath, readOnly: true });
    };
    mount('platform-auth', platformAuthSecret, platformAuthDir);
    mount('telemetry-tls', telemetryTlsSecret, telemetryTlsDir);
  }
  if (props.data !== undefined) {
    volumes.push({ name: 'data', persistentVolumeClaim: { claimName: props.data.claim } });
    volumeMounts.push({ name: 'data', mountPath: props.data.path });
  }
  return { volumes, volumeMounts };
}

function probe(path: string, periodSeconds: number): k8s.Probe {
  return {
    httpGet: { path, port: k8s.IntOrString.fromNumber(ports.health) },
    initialDelaySeconds: periodSeconds,
    periodSeconds,
    timeoutSeconds: 2,
  };
}

function containerOf(props: WorkloadProps, volumeMounts: k8s.VolumeMount[]): k8s.Container {
  const named = { ...props.ports, health: ports.health };
  return {
    name: props.role,
    image: props.settings.image,
    imagePullPolicy: 'IfNotPresent',
    args: [props.role],
    env: environmentOf(props),
    ports: Object.entries(named).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })),
    readinessProbe: probe('/readyz', 2),
    livenessProbe: probe('/healthz', 10),
    resources: resourcesOf(props.memory, props.cpus),
    securityContext: restrictedContainer,
    volumeMounts,
  };
}

/** One pod at a time may go for maintenance; with a single replica that is a short pause, not a blocked node. */
export function addDisruptionBudget(scope: Construct, settings: PlatformSettings, part: PlatformPart): void {
  new k8s.KubePodDisruptionBudget(scope, `${part}-budget`, {
    metadata: metadataOf(settings, `clrk-${part}`),
    spec: {
      maxUnavailable: k8s.IntOrString.fromNumber(1),
      selector: { matchLabels: selectorOf(part) },
    },
  });
}

export function addWorkload(scope: Construct, props: WorkloadProps): void {
  const { role, settings, usesApi } = props;
  const metadata = metadataOf(settings, `clrk-${role}`);
  new k8s.KubeServiceAccount(scope, `${role}-account`, { metadata, automountServiceAccountToken: false });
  const { volumes, volumeMounts } = volumesOf(props);
  new k8s.KubeDeployment(scope, `${role}-deployment`, {
    // By which `clrk upgrade` knows what is installed.
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [labels.version]: platformVersion },
      annotations: acceptedFindings(role),
    },
    spec: {
      replicas: props.replicas,
      selector: { matchLabels: selectorOf(role) },
      strategy: props.data === undefined ? oneMoreFirst : { type: 'Recreate' },
      template: {
        metadata: { labels: { ...metadata.labels } },
        spec: {
          serviceAccountName: metadata.name ?? '',
          automountServiceAccountToken: usesApi,
          terminationGracePeriodSeconds: terminationGraceSeconds[role],
          securityContext: restrictedPod,
          ...(props.replicas > 1 ? spreadOf(role) : {}),
          containers: [containerOf(props, volumeMounts)],
          volumes,
        },
      },
    },
  });
  addDisruptionBudget(scope, settings, role);
}
