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
// Longer than a role's own drain (25 s, the operator's 30 s).
const terminationGraceSeconds = 45;

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
  readonly memory: { readonly request: string; readonly limit: string };
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

export function resourcesOf(memory: {
  readonly request: string;
  readonly limit: string;
}): k8s.ResourceRequirements {
  const quantity = (text: string): k8s.Quantity => k8s.Quantity.fromString(text);
  return {
    requests: { cpu: quantity('100m'), memory: quantity(memory.request) },
    limits: { memory: quantity(memory.limit) },
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
    resources: resourcesOf(props.memory),
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
    metadata: { ...metadata, labels: { ...metadata.labels, [labels.version]: platformVersion } },
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorOf(role) },
      ...(props.data === undefined ? {} : { strategy: { type: 'Recreate' } }),
      template: {
        metadata: { labels: { ...metadata.labels } },
        spec: {
          serviceAccountName: metadata.name ?? '',
          automountServiceAccountToken: usesApi,
          terminationGracePeriodSeconds: terminationGraceSeconds,
          securityContext: restrictedPod,
          containers: [containerOf(props, volumeMounts)],
          volumes,
        },
      },
    },
  });
  addDisruptionBudget(scope, settings, role);
}
