/**
 * Writes pod statuses: only when they differ from the last written, one write a pod at a time, the newest wins. Apart
 * from the agent so that a slow API server delays reports and nothing else.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../log.ts';
import { errorMessage } from '../../contract/index.ts';
import { KubeApiError, type ApiClient } from '../kube/api-client.ts';
import type { Pod } from '../kube/object.ts';
import type { PodObservation } from './pod-observation.ts';
import { computePodStatus, type ReportedPodStatus } from './pod-status.ts';

export interface PodStatusReporterOptions {
  readonly client: ApiClient;
  readonly log: Log;
  readonly nodeAddress: string;
  /** A write failed: report again soon. */
  readonly onFailure: () => void;
}

export class PodStatusReporter {
  readonly #options: PodStatusReporterOptions;
  readonly #written = new Map<string, ReportedPodStatus>();
  readonly #writing = new Set<string>();
  readonly #next = new Map<string, { pod: Pod; status: ReportedPodStatus }>();

  constructor(options: PodStatusReporterOptions) {
    this.#options = options;
  }

  report(pod: Pod, observation: PodObservation | undefined, now: number): void {
    const uid = pod.metadata.uid ?? '';
    const basis = this.#written.get(uid);
    const current = basis === undefined ? pod : { ...pod, status: { ...pod.status, ...basis } };
    const status = computePodStatus(current, observation, { nodeAddress: this.#options.nodeAddress }, now);
    if (isDeepStrictEqual(this.#written.get(uid), status)) return;
    this.#written.set(uid, status);
    this.#next.set(uid, { pod, status });
    if (!this.#writing.has(uid)) void this.#drain(uid);
  }

  forget(uid: string): void {
    this.#written.delete(uid);
    this.#next.delete(uid);
  }

  async #drain(uid: string): Promise<void> {
    this.#writing.add(uid);
    for (let job = this.#next.get(uid); job !== undefined; job = this.#next.get(uid)) {
      this.#next.delete(uid);
      const { name, namespace = 'default' } = job.pod.metadata;
      try {
        await this.#options.client.send('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
          // The uid makes a status meant for a deleted pod fail instead of landing on its successor.
          body: { metadata: { uid }, status: job.status },
          contentType: 'application/merge-patch+json',
        });
      } catch (error) {
        if (error instanceof KubeApiError && (error.status === 404 || error.status === 409)) continue;
        this.#options.log.warn({ pod: name, error: errorMessage(error) }, 'pod status not written');
        this.#written.delete(uid);
        this.#options.onFailure();
      }
    }
    this.#writing.delete(uid);
  }
}
