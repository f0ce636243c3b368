/**
 * One role of the platform as Kubernetes objects: ServiceAccount and Deployment, under the "restricted" pod security
 * standard. Apart from the chart so that all three roles have the same shape. Secrets are mounted, never put in env.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import {
  labels,
  platformAuthSecret,
  platformImage,
  platformSettings,
  ports,
  systemNamespace,
  variables,
} from './system-names.ts';

// The numeric "nonroot" user of distroless images; nothing depends on its name.
const userId = 65_532;
const platformAuthDir = '/etc/clrk/platform-auth';

export type PlatformRole = 'operator' | 'ingress' | 'telemetry';

export interface WorkloadProps {
  readonly role: PlatformRole;
  readonly ports: Readonly<Record<string, number>>;
  readonly env: readonly k8s.EnvVar[];
  /** Mounts the Secret with all roles' credentials: only for who hands them out or checks them. */
  readonly platformAuth: boolean;
  readonly memory: { readonly request: string; readonly limit: string };
  /** A claim of this name, mounted at the path; one pod at a time then. */
  readonly data?: { readonly claim: string; readonly path: string };
}

export function selectorOf(role: PlatformRole): Record<string, string> {
  return { [labels.name]: `clrk-${role}` };
}

export function metadataOf(name: string): k8s.ObjectMeta {
  return { name, namespace: systemNamespace, labels: { [labels.name]: name, [labels.partOf]: 'clrk' } };
}

/** A setting of this installation; absent settings leave the variable unset. */
export function setting(name: string, key: string): k8s.EnvVar {
  return { name, valueFrom: { configMapKeyRef: { name: platformSettings, key, optional: true } } };
}

function field(name: string, fieldPath: string): k8s.EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

function environmentOf(props: WorkloadProps): k8s.EnvVar[] {
  return [
    field(variables.podName, 'metadata.name'),
    field(variables.podNamespace, 'metadata.namespace'),
    field(variables.podIp, 'status.podIP'),
    ...(props.platformAuth ? [{ name: variables.platformAuthDir, value: platformAuthDir }] : []),
    ...props.env,
  ];
}

function volumesOf(props: WorkloadProps): { volumes: k8s.Volume[]; volumeMounts: k8s.VolumeMount[] } {
  const volumes: k8s.Volume[] = [{ name: 'tmp', emptyDir: {} }];
  const volumeMounts: k8s.VolumeMount[] = [{ name: 'tmp', mountPath: '/tmp' }];
  if (props.platformAuth) {
    // 0440: the group is fsGroup, others read nothing.
    volumes.push({ name: 'platform-auth', secret: { secretName: platformAuthSecret, defaultMode: 0o440 } });
    volumeMounts.push({ name: 'platform-auth', mountPath: platformAuthDir, readOnly: true });
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
    image: platformImage,
    imagePullPolicy: 'IfNotPresent',
    args: [props.role],
    env: environmentOf(props),
    ports: Object.entries(named).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })),
    readinessProbe: probe('/readyz', 2),
    livenessProbe: probe('/healthz', 10),
    resources: {
      requests: {
        cpu: k8s.Quantity.fromString('100m'),
        memory: k8s.Quantity.fromString(props.memory.request),
      },
      limits: { memory: k8s.Quantity.fromString(props.memory.limit) },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts,
  };
}

export function addWorkload(scope: Construct, props: WorkloadProps): void {
  const name = `clrk-${props.role}`;
  const metadata = metadataOf(name);
  new k8s.KubeServiceAccount(scope, `${props.role}-account`, { metadata });
  const { volumes, volumeMounts } = volumesOf(props);
  new k8s.KubeDeployment(scope, `${props.role}-deployment`, {
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorOf(props.role) },
      ...(props.data === undefined ? {} : { strategy: { type: 'Recreate' } }),
      template: {
        metadata: { labels: { ...metadata.labels } },
        spec: {
          serviceAccountName: name,
          // Longer than a role's own drain (25 s).
          terminationGracePeriodSeconds: 45,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            runAsGroup: userId,
            fsGroup: userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [containerOf(props, volumeMounts)],
          volumes,
        },
      },
    },
  });
}
