/** What worker pods look like, within what the platform fixes. Apart from the pool: it is the long and dull half. */
import type { WorkerPoolSpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

/** A part of a pod that is passed on as it is. */
export type PodFragment = Readonly<Record<string, unknown>>;

/** A taint of nodes the workers accept, as in a pod. */
export interface Toleration {
  /**
   * The taint's key.
   *
   * @default every taint, with operator Exists
   */
  readonly key?: string;
  /**
   * How the value is compared.
   *
   * @default Equal
   */
  readonly operator?: 'Equal' | 'Exists';
  /**
   * The taint's value.
   *
   * @default none
   */
  readonly value?: string;
  /**
   * The taint's effect.
   *
   * @default every effect
   */
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** Kubernetes quantities by resource, such as `{ cpu: '2' }`. */
export interface WorkerResources {
  /**
   * What is reserved.
   *
   * @default the limits
   */
  readonly requests?: Readonly<Record<string, string>>;
  /**
   * The most that may be used.
   *
   * @default no limit
   */
  readonly limits?: Readonly<Record<string, string>>;
}

/** A pod volume and where workers see it. */
export interface WorkerVolume {
  /** Its name; state, run, varlog and images are taken. */
  readonly name: string;
  /** Where it appears in the worker. */
  readonly mountPath: string;
  /** What it is, as in a pod: `{ configMap: { name: 'ca' } }`. */
  readonly source: PodFragment;
  /**
   * Whether writing is forbidden.
   *
   * @default false
   */
  readonly readOnly?: boolean;
}

/** What of worker pods can be said. */
export interface WorkerTemplateProps {
  /**
   * When the image is pulled.
   *
   * @default IfNotPresent
   */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /**
   * Secrets to pull with: the worker image and agent images alike.
   *
   * @default anonymous
   */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  /**
   * Identity of the pods.
   *
   * @default clrk-worker, made by the operator
   */
  readonly serviceAccountName?: string;
  /**
   * Labels a node must have.
   *
   * @default any node
   */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /**
   * Taints of nodes the workers accept.
   *
   * @default none
   */
  readonly tolerations?: readonly Toleration[];
  /**
   * As in a pod.
   *
   * @default none
   */
  readonly affinity?: PodFragment;
  /**
   * As in a pod.
   *
   * @default none
   */
  readonly topologySpreadConstraints?: readonly PodFragment[];
  /**
   * Priority of the pods.
   *
   * @default that of the cluster
   */
  readonly priorityClassName?: string;
  /**
   * Of the worker container: what it reserves and the most it may use.
   *
   * @default none
   */
  readonly resources?: WorkerResources;
  /**
   * Environment variables of the worker container, for the platform itself.
   *
   * @default those of the platform
   */
  readonly workerEnv?: Readonly<Record<string, string>>;
  /**
   * Labels of the pods.
   *
   * @default those of the platform
   */
  readonly podLabels?: Readonly<Record<string, string>>;
  /**
   * Annotations of the pods.
   *
   * @default none
   */
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /**
   * Further volumes.
   *
   * @default none
   */
  readonly volumes?: readonly WorkerVolume[];
}

type TemplateSpec = WorkerPoolSpec['template'];

function copy<T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  return map && { ...map };
}

function metadataOf({ podLabels, podAnnotations }: WorkerTemplateProps): TemplateSpec['metadata'] {
  if (podLabels === undefined && podAnnotations === undefined) return undefined;
  return present({ labels: copy(podLabels), annotations: copy(podAnnotations) });
}

/** @internal */
export function workerTemplate(image: string, props: WorkerTemplateProps): TemplateSpec {
  const { imagePullPolicy, serviceAccountName, priorityClassName, resources, volumes } = props;
  return present({
    metadata: metadataOf(props),
    image,
    imagePullPolicy,
    serviceAccountName,
    nodeSelector: copy(props.nodeSelector),
    tolerations: props.tolerations?.map((each) => ({ ...each })),
    affinity: copy(props.affinity),
    topologySpreadConstraints: props.topologySpreadConstraints?.map((each) => ({ ...each })),
    priorityClassName,
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => ({ name })),
    resources: resources && present({ requests: copy(resources.requests), limits: copy(resources.limits) }),
    env: props.workerEnv && Object.entries(props.workerEnv).map(([name, value]) => ({ name, value })),
    extraVolumes: volumes?.map(({ name, source }) => ({ name, ...source })),
    extraVolumeMounts: volumes?.map(({ name, mountPath, readOnly }) =>
      present({ name, mountPath, readOnly }),
    ),
  });
}
