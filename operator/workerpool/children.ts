/**
 * A WorkerPool's children, pure: the Deployment with the pod invariants gVisor needs, a headless Service, and the
 * rights to read one Secret. What a person may overlay is a curated list; no overlay can weaken an invariant.
 */
import { configSecretName, environment, ports } from '../../contract/index.ts';
import { childName, label, labelValue } from '../compile/index.ts';
import { workerNetworkPolicy } from '../data-plane-policy.ts';
import type { WorkerPool } from '../kind.ts';
import { controllerRef, managedLabels } from '../owner.ts';
import { serviceAccountName } from './account.ts';
import type { KubeObject, Metadata } from '../runtime/index.ts';

const directories = {
  state: '/var/lib/clrk/state',
  run: '/run/clrk',
  varlog: '/var/log/clrk',
  images: '/var/lib/clrk/images',
} as const;

/** Variables that say who the worker is; a pool's own env never sets them. */
const reservedEnv: ReadonlySet<string> = new Set([
  environment.podName,
  environment.podNamespace,
  environment.podIp,
  environment.poolName,
  environment.configSecret,
  environment.imageDir,
  environment.runDir,
  environment.stateDir,
]);

const appArmor = 'container.apparmor.security.beta.kubernetes.io/worker';
// Longer than the worker's own drain (3 s in which it still takes calls, 305 s for what runs) and the deletion of its sandboxes.
const terminationGraceSeconds = 345;

/** Nobody goes before his successor is ready: a quarter at a time, so that the rollout of a large pool ends. */
export const oneMoreFirst = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } };

export function poolSelector(pool: WorkerPool): Record<string, string> {
  return { [label.workerPool]: labelValue(pool.metadata.name) };
}

function poolLabels(pool: WorkerPool): Record<string, string> {
  return { ...managedLabels('worker'), ...poolSelector(pool) };
}

function childMetadata(pool: WorkerPool, name: string): Metadata {
  return {
    namespace: pool.metadata.namespace,
    name,
    labels: poolLabels(pool),
    ownerReferences: [controllerRef({ kind: 'WorkerPool', metadata: pool.metadata })],
  };
}

/** Absent optional fields stay absent: an empty one would claim its ownership in server-side apply. */
function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

export function workerDeployment(pool: WorkerPool): KubeObject {
  const { template } = pool.spec;
  const podSpec = {
    serviceAccountName: serviceAccountName(pool),
    terminationGracePeriodSeconds: terminationGraceSeconds,
    containers: [workerContainer(pool)],
    volumes: [
      ...Object.keys(directories).map((name) => ({ name, emptyDir: {} })),
      ...(template.extraVolumes ?? []),
    ],
    ...present({
      imagePullSecrets: template.imagePullSecrets,
      nodeSelector: template.nodeSelector,
      tolerations: template.tolerations,
      affinity: template.affinity,
      priorityClassName: template.priorityClassName,
      topologySpreadConstraints: template.topologySpreadConstraints,
    }),
  };
  const metadata = {
    labels: { ...template.metadata?.labels, ...poolLabels(pool) },
    annotations: { ...template.metadata?.annotations, [appArmor]: 'unconfined' },
  };
  return {
    metadata: childMetadata(pool, childName.poolWorkers(pool.metadata.name)),
    spec: {
      replicas: pool.spec.replicas ?? 1,
      strategy: oneMoreFirst,
      selector: { matchLabels: poolSelector(pool) },
      template: { metadata, spec: podSpec },
    },
  } as KubeObject;
}

function workerContainer(pool: WorkerPool): object {
  const { template } = pool.spec;
  const mounts = Object.entries(directories).map(([name, mountPath]) => ({ name, mountPath }));
  return {
    name: 'worker',
    image: template.image,
    imagePullPolicy: template.imagePullPolicy ?? 'IfNotPresent',
    args: ['worker'],
    env: workerEnv(pool),
    ports: [{ name: 'dispatch', containerPort: ports.workerDispatch, protocol: 'TCP' }],
    // The image's own user is the other roles': a worker makes namespaces, mounts and cgroups.
    securityContext: { privileged: true, runAsUser: 0, seccompProfile: { type: 'Unconfined' } },
    volumeMounts: [...mounts, ...(template.extraVolumeMounts ?? [])],
    readinessProbe: probe('/readyz', 2),
    livenessProbe: probe('/healthz', 10),
    ...present({ resources: template.resources }),
  };
}

/** A busy node answers late: that is no reason to end every sandbox or call of a pod. */
export function probe(path: string, seconds: number): object {
  return {
    httpGet: { path, port: ports.health },
    initialDelaySeconds: seconds,
    periodSeconds: seconds,
    timeoutSeconds: 5,
  };
}

export function downwardEnv(): readonly object[] {
  const field = (name: string, fieldPath: string): object => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  });
  return [
    field(environment.podName, 'metadata.name'),
    field(environment.podNamespace, 'metadata.namespace'),
    field(environment.podIp, 'status.podIP'),
  ];
}

function workerEnv(pool: WorkerPool): readonly object[] {
  const { name } = pool.metadata;
  const own = [
    ...downwardEnv(),
    { name: environment.poolName, value: name },
    { name: environment.configSecret, value: configSecretName.pool(name) },
    { name: environment.imageDir, value: directories.images },
    { name: environment.runDir, value: directories.run },
    { name: environment.stateDir, value: directories.state },
  ];
  return [...own, ...(pool.spec.template.env ?? []).filter((variable) => !reservedEnv.has(variable.name))];
}

/** Headless: peers find workers by their status in NATS; the Service is for people and for EndpointSlices. */
export function workerService(pool: WorkerPool): KubeObject {
  return {
    metadata: childMetadata(pool, childName.poolWorkers(pool.metadata.name)),
    spec: {
      clusterIP: 'None',
      selector: poolSelector(pool),
      ports: [
        { name: 'dispatch', port: ports.workerDispatch, targetPort: ports.workerDispatch, protocol: 'TCP' },
      ],
    },
  } as KubeObject;
}

export function poolNetworkPolicy(pool: WorkerPool, systemNamespace: string): KubeObject {
  const metadata = childMetadata(pool, childName.poolWorkers(pool.metadata.name));
  return workerNetworkPolicy(metadata, poolSelector(pool), systemNamespace);
}

/** The one right a worker has: to read its own config. */
export function configReader(metadata: Metadata, secretName: string): KubeObject {
  const rule = {
    apiGroups: [''],
    resources: ['secrets'],
    resourceNames: [secretName],
    verbs: ['get', 'watch'],
  };
  return { metadata, rules: [rule] } as KubeObject;
}

export function configReaderBinding(metadata: Metadata, account: string): KubeObject {
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name };
  const subject = { kind: 'ServiceAccount', name: account, namespace: metadata.namespace };
  return { metadata, roleRef: role, subjects: [subject] } as KubeObject;
}

export function workerRole(pool: WorkerPool): KubeObject {
  const { name } = pool.metadata;
  return configReader(childMetadata(pool, childName.poolRole(name)), configSecretName.pool(name));
}

export function workerRoleBinding(pool: WorkerPool): KubeObject {
  const metadata = childMetadata(pool, childName.poolRole(pool.metadata.name));
  return configReaderBinding(metadata, serviceAccountName(pool));
}
