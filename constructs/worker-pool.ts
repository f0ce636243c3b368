/** A WorkerPool: the worker pods that run sandboxes, and how many. */
import type { Construct } from 'constructs';
import type { WorkerPoolSpec } from '../api/index.ts';
import { CustomResource, present, refuse, type INamed, type ResourceProps } from './custom-resource.ts';

/** The image of the platform this version of the constructs belongs to. */
const defaultImage = 'clrk.apoxy.dev/clrk:0.1.0';

export interface IWorkerPool extends INamed {
  readonly workerPool: true;
}

export interface WorkerPoolProps extends ResourceProps {
  /** Worker pods. @default 1 */
  readonly replicas?: number;
  /** Image of the worker. @default the platform image of this version */
  readonly image?: string;
  /** Sandboxes a worker runs at once. @default no limit */
  readonly maxExecutionsPerWorker?: number;
  /** @default clrk-worker, made by the operator */
  readonly serviceAccountName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints of nodes the workers accept, as in a pod. */
  readonly tolerations?: readonly Toleration[];
  readonly priorityClassName?: string;
  /** Secrets to pull with: the worker image and agent images alike. @default anonymous */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  /** Of the worker container: what it reserves and the most it may use, by resource. @default none */
  readonly resources?: WorkerResources;
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Equal' | 'Exists';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface WorkerResources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

export class WorkerPool extends CustomResource implements IWorkerPool {
  readonly workerPool = true;
  readonly #props: WorkerPoolProps;

  /** A pool that somebody else makes. */
  static fromName(name: string, namespace?: string): IWorkerPool {
    return { name, namespace, workerPool: true };
  }

  constructor(scope: Construct, id: string, props: WorkerPoolProps = {}) {
    super(scope, id, 'WorkerPool', props);
    this.#props = props;
    for (const key of ['replicas', 'maxExecutionsPerWorker'] as const) {
      const value = props[key] ?? 0;
      if (!Number.isInteger(value) || value < 0) refuse(this, `${key} must be a whole number, not ${value}`);
    }
  }

  protected override toSpec(): WorkerPoolSpec {
    const { replicas = 1, image = defaultImage, maxExecutionsPerWorker } = this.#props;
    const { serviceAccountName, nodeSelector, tolerations, priorityClassName } = this.#props;
    const { imagePullSecrets, resources } = this.#props;
    const template = present({
      image,
      serviceAccountName,
      nodeSelector: nodeSelector && { ...nodeSelector },
      tolerations: tolerations?.map((each) => ({ ...each })),
      priorityClassName,
      imagePullSecrets: imagePullSecrets?.map(({ name }) => ({ name })),
      resources:
        resources &&
        present({
          requests: resources.requests && { ...resources.requests },
          limits: resources.limits && { ...resources.limits },
        }),
    });
    return present({ replicas, maxExecutionsPerWorker, template });
  }
}
