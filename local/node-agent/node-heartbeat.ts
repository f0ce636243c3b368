/**
 * Keeps the Node registered and alive: object, status, and a Lease every 10 s (kubelet's period). Failures are retried
 * at the next beat; the API server being away is no reason to stop pods.
 */
import type { Log } from '../log.ts';
import { errorMessage } from '../../contract/index.ts';
import type { ApiClient } from '../kube/api-client.ts';
import {
  leaseManifest,
  nodeLeaseNamespace,
  nodeManifest,
  nodeStatus,
  type NodeFacts,
} from './node-object.ts';

const leaseMs = 10_000;
// Kubelet's nodeStatusReportFrequency.
const statusMs = 5 * 60_000;
const fieldManager = 'clrk-node-agent';

interface NodeTaints {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
}

export class NodeHeartbeat {
  readonly #client: ApiClient;
  readonly #facts: NodeFacts;
  readonly #log: Log;
  readonly #since = new Date();
  #timer: NodeJS.Timeout | undefined;
  #statusAt = 0;

  constructor(client: ApiClient, facts: NodeFacts, log: Log) {
    this.#client = client;
    this.#facts = facts;
    this.#log = log;
  }

  /** Resolves after the first registration; throws when that fails. */
  async start(): Promise<void> {
    const { name } = this.#facts;
    await this.#client.apply(`/api/v1/nodes/${name}`, nodeManifest(this.#facts), fieldManager);
    await this.#beat();
    // Admission taints new nodes until a lifecycle controller has looked; a machine that was just ready need not wait.
    const node = await this.#client.get<NodeTaints>(`/api/v1/nodes/${name}`);
    const taints = (node.spec?.taints ?? []).filter(({ key }) => !key.startsWith('node.kubernetes.io/'));
    await this.#client.send('PATCH', `/api/v1/nodes/${name}`, {
      body: { spec: { taints } },
      contentType: 'application/merge-patch+json',
    });
    this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#beat()
        .catch((error: unknown) => this.#log.debug({ error: errorMessage(error) }, 'node heartbeat failed'))
        .finally(() => this.#schedule());
    }, leaseMs);
  }

  async #beat(): Promise<void> {
    const { name } = this.#facts;
    const now = new Date();
    if (now.getTime() - this.#statusAt > statusMs) {
      await this.#client.send('PATCH', `/api/v1/nodes/${name}/status`, {
        body: nodeStatus(this.#facts, now, this.#since),
        contentType: 'application/merge-patch+json',
      });
      this.#statusAt = now.getTime();
    }
    const path = `/apis/coordination.k8s.io/v1/namespaces/${nodeLeaseNamespace}/leases/${name}`;
    await this.#client.apply(path, leaseManifest(name, now), fieldManager);
  }
}
