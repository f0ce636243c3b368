/** A WorkerPool: the worker pods that run sandboxes, and how many. */
import type { Construct } from 'constructs';
import type { WorkerPoolSpec } from '../api/index.ts';
import { CustomResource, present, refuse, type INamed, type ResourceProps } from './custom-resource.ts';
import { workerTemplate, type WorkerTemplateProps } from './worker-template.ts';

/** The image of the platform this version of the constructs belongs to. */
const defaultImage = 'clrk.apoxy.dev/clrk:0.1.0';

/** A WorkerPool made here or elsewhere. */
export interface IWorkerPool extends INamed {
  readonly workerPool: true;
}

/** Properties of a WorkerPool. */
export interface WorkerPoolProps extends ResourceProps, WorkerTemplateProps {
  /**
   * Worker pods.
   *
   * @default 1
   */
  readonly replicas?: number;
  /**
   * Image of the worker.
   *
   * @default the platform image of this version
   */
  readonly image?: string;
  /**
   * Sandboxes a worker runs at once.
   *
   * @default no limit
   */
  readonly maxExecutionsPerWorker?: number;
}

/**
 * The worker pods that run sandboxes.
 *
 * @example
 * ```ts
 * const workers = new WorkerPool(chart, 'workers', {
 *   replicas: 3,
 *   maxExecutionsPerWorker: 20,
 *   nodeSelector: { sandbox: 'yes' },
 *   resources: { requests: { cpu: '2' }, limits: { memory: '8Gi' } },
 * });
 * new TaskAgent(chart, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', pool: workers });
 * ```
 */
export class WorkerPool extends CustomResource implements IWorkerPool {
  readonly workerPool = true;
  readonly #props: WorkerPoolProps;

  /**
   * A pool that somebody else makes.
   *
   * @example
   * ```ts
   * new TaskAgent(chart, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', pool: WorkerPool.fromName('default') });
   * ```
   */
  static fromName(name: string, namespace?: string): IWorkerPool {
    return { name, namespace, workerPool: true };
  }

  constructor(scope: Construct, id: string, props: WorkerPoolProps = {}) {
    super(scope, id, 'WorkerPool', props);
    this.#props = props;
    for (const key of ['replicas', 'maxExecutionsPerWorker'] as const) {
      const value = props[key] ?? 0;
      if (!Number.isInteger(value) || value < 0 || value > 10_000) {
        refuse(this, `${key} must be a whole number from 0 to 10000, not ${value}`);
      }
    }
  }

  /** @internal */
  protected override toSpec(): WorkerPoolSpec {
    const { replicas = 1, image = defaultImage, maxExecutionsPerWorker } = this.#props;
    return present({ replicas, maxExecutionsPerWorker, template: workerTemplate(image, this.#props) });
  }
}
