/**
 * The local node's kubelet: watches pods, plans (`planPods`), performs, reports. Everything it decides is in the pure
 * modules beside it; this file only carries decisions out. The API server being away never stops a pod.
 */
import type { Log } from '../log.ts';
import { errorMessage } from '../../contract/index.ts';
import { KubeApiError, type ApiClient } from '../kube/api-client.ts';
import type { PersistentVolumeClaim, Pod } from '../kube/object.ts';
import { ObjectWatch } from '../kube/object-watch.ts';
import type { Subnet } from '../subnet.ts';
import { AddressPool } from './address-pool.ts';
import { EventRecorder } from './event-recorder.ts';
import type { HomeAddresses } from './loopback.ts';
import { volumeFor, volumeName } from './persistent-volume.ts';
import type { PodObservation } from './pod-observation.ts';
import { planPods, type PodAction } from './pod-plan.ts';
import { refusalOf } from './pod-refusal.ts';
import { PodRuntime, type PodRuntimeContext } from './pod-runtime.ts';
import { PodStatusReporter } from './pod-status-reporter.ts';

export interface NodeAgentOptions {
  readonly client: ApiClient;
  readonly log: Log;
  readonly subnet: Subnet;
  readonly addresses: HomeAddresses;
  readonly runtime: Omit<PodRuntimeContext, 'client' | 'onChange' | 'onEvent'>;
}

const retryMs = 1_000;

export class NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #addresses: AddressPool;
  readonly #runtimes = new Map<string, PodRuntime>();
  readonly #pods: ObjectWatch<Pod>;
  readonly #claims: ObjectWatch<PersistentVolumeClaim>;
  readonly #events: EventRecorder;
  readonly #reporter: PodStatusReporter;
  /** Actions under way, by kind and uid: the plan asks again until it sees their effect. */
  readonly #busy = new Set<string>();
  readonly #abort = new AbortController();
  #wakeTimer: NodeJS.Timeout | undefined;
  #scheduled = false;

  constructor(options: NodeAgentOptions) {
    const { client, log, subnet, runtime } = options;
    this.#options = options;
    this.#addresses = new AddressPool(subnet.podAddresses);
    const watch = { client, log, signal: this.#abort.signal };
    this.#pods = new ObjectWatch({ ...watch, path: '/api/v1/pods', onChange: () => this.#schedule() });
    this.#claims = new ObjectWatch({
      ...watch,
      path: '/api/v1/persistentvolumeclaims',
      onChange: () => this.#provideVolumes(),
    });
    this.#events = new EventRecorder(client, runtime.nodeName, log);
    this.#reporter = new PodStatusReporter({
      client,
      log,
      nodeAddress: subnet.nodeAddress,
      onFailure: () => this.#wake(retryMs),
    });
  }

  start(): void {
    void this.#pods.run();
    void this.#claims.run();
  }

  /** The log file of a running or ended container of a pod on this node. */
  logPath(namespace: string, name: string, container: string): string | undefined {
    for (const runtime of this.#runtimes.values()) {
      const { metadata } = runtime.pod;
      if (metadata.namespace === namespace && metadata.name === name) return runtime.logPath(container);
    }
    return undefined;
  }

  /** Ends every process and releases the addresses; pods stay in the API and keep their directories. */
  async close(graceMs: number): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#wakeTimer);
    await Promise.all([...this.#runtimes.values()].map((runtime) => runtime.stop(graceMs)));
    for (const runtime of this.#runtimes.values()) {
      const { address } = runtime.observation;
      if (address !== undefined) await this.#options.addresses.remove(address);
    }
    this.#runtimes.clear();
  }

  #schedule(): void {
    if (this.#scheduled || this.#abort.signal.aborted) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#pods.synced && !this.#abort.signal.aborted) this.#reconcile();
    });
  }

  #wake(delayMs: number): void {
    clearTimeout(this.#wakeTimer);
    this.#wakeTimer = setTimeout(() => this.#schedule(), Math.max(delayMs, 5));
  }

  #reconcile(): void {
    const pods = [...this.#pods.objects.values()];
    const observed = new Map<string, PodObservation>();
    for (const [uid, runtime] of this.#runtimes) observed.set(uid, runtime.observation);
    const { nodeName } = this.#options.runtime;
    const now = Date.now();
    const { actions, wakeAt } = planPods(pods, observed, nodeName, now);
    for (const action of actions) this.#perform(action);
    for (const pod of pods) {
      if (pod.spec.nodeName !== nodeName) continue;
      const observation = this.#runtimes.get(pod.metadata.uid ?? '')?.observation;
      this.#reporter.report(pod, observation, now);
      const refusal = refusalOf(pod);
      if (refusal !== undefined) this.#events.record(pod, 'Warning', 'Failed', refusal.message);
    }
    if (wakeAt !== undefined) this.#wake(wakeAt - now);
  }

  #perform(action: PodAction): void {
    const uid = 'uid' in action ? action.uid : (action.pod.metadata.uid ?? '');
    const runtime = this.#runtimes.get(uid);
    if (action.kind === 'start') runtime?.start(action.container);
    else if (action.kind === 'terminate') runtime?.terminate();
    else if (action.kind === 'kill') runtime?.kill();
    else this.#once(`${action.kind}/${uid}`, () => this.#carryOut(action));
  }

  #carryOut(action: Exclude<PodAction, { readonly kind: 'start' | 'terminate' | 'kill' }>): Promise<void> {
    switch (action.kind) {
      case 'bind':
        return this.#bind(action.pod);
      case 'prepare':
        return this.#prepare(action.pod);
      case 'finalize':
        return this.#finalize(action.pod);
      case 'forget':
        return this.#forget(action.uid);
    }
  }

  /**
   * Runs the work unless the same is under way. What it changes comes back as a watch event or `onChange`, so only a
   * failure needs another plan.
   */
  #once(key: string, work: () => Promise<void>): void {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    work().then(
      () => this.#busy.delete(key),
      (error: unknown) => {
        this.#options.log.warn({ action: key, error: errorMessage(error) }, 'pod action failed');
        setTimeout(() => {
          this.#busy.delete(key);
          this.#schedule();
        }, retryMs).unref();
      },
    );
  }

  async #bind(pod: Pod): Promise<void> {
    const { name, namespace = 'default' } = pod.metadata;
    const { nodeName } = this.#options.runtime;
    await this.#options.client
      .send('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace },
          target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
        },
      })
      // 409: bound meanwhile; 404: gone meanwhile.
      .catch(ignoreStatus(404, 409));
  }

  async #prepare(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    let runtime = this.#runtimes.get(uid);
    if (runtime === undefined) {
      const address = this.#addresses.acquire(uid, pod.status?.podIP);
      await this.#options.addresses.add(address);
      runtime = new PodRuntime(pod, address, {
        ...this.#options.runtime,
        client: this.#options.client,
        onChange: () => this.#schedule(),
        onEvent: (about, reason, message) =>
          this.#events.record(about, reason === 'Started' ? 'Normal' : 'Warning', reason, message),
      });
      this.#runtimes.set(uid, runtime);
    }
    await runtime.prepare();
  }

  async #finalize(pod: Pod): Promise<void> {
    const { name, namespace = 'default', uid } = pod.metadata;
    await this.#options.client
      .send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, {
        body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } },
      })
      .catch(ignoreStatus(404, 409));
  }

  async #forget(uid: string): Promise<void> {
    const runtime = this.#runtimes.get(uid);
    if (runtime === undefined) return;
    runtime.close();
    const { address } = runtime.observation;
    if (address !== undefined) await this.#options.addresses.remove(address);
    this.#addresses.release(uid);
    runtime.remove();
    this.#reporter.forget(uid);
    this.#runtimes.delete(uid);
  }

  #provideVolumes(): void {
    for (const claim of this.#claims.objects.values()) {
      const volume = volumeFor(claim, this.#options.runtime.volumesRoot);
      if (volume === undefined) continue;
      const path = `/api/v1/persistentvolumes/${volumeName(claim)}`;
      this.#once(path, async () => {
        if ((await this.#options.client.find(path)) !== undefined) return;
        await this.#options.client
          .send('POST', '/api/v1/persistentvolumes', { body: volume })
          .catch(ignoreStatus(409));
      });
    }
  }
}

function ignoreStatus(...statuses: readonly number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof KubeApiError) || !statuses.includes(error.status)) throw error;
  };
}
