/**
 * Events of the node agent (core/v1, where `kubectl describe pod` looks). The same reason and message about the same
 * object is written once a minute at most; a lost event is no error.
 */
import { randomBytes } from 'node:crypto';
import type { Log } from '../log.ts';
import { errorMessage } from '../../contract/index.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { Pod } from '../kube/object.ts';

const repeatMs = 60_000;
const maxRemembered = 1_000;

export class EventRecorder {
  readonly #client: ApiClient;
  readonly #nodeName: string;
  readonly #log: Log;
  readonly #recent = new Map<string, number>();

  constructor(client: ApiClient, nodeName: string, log: Log) {
    this.#client = client;
    this.#nodeName = nodeName;
    this.#log = log;
  }

  record(pod: Pod, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { name, namespace = 'default', uid = '' } = pod.metadata;
    const key = `${uid}/${reason}/${message}`;
    const now = Date.now();
    if (now - (this.#recent.get(key) ?? 0) < repeatMs) return;
    if (this.#recent.size >= maxRemembered) this.#recent.clear();
    this.#recent.set(key, now);
    const timestamp = new Date(now).toISOString().replace(/\.\d{3}Z$/, 'Z');
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${name}.${randomBytes(6).toString('hex')}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name, namespace, uid },
      type,
      reason,
      // Events carry at most 1 kB of text.
      message: message.slice(0, 1_000),
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      count: 1,
      source: { component: 'clrk-node-agent', host: this.#nodeName },
    };
    this.#client
      .send('POST', `/api/v1/namespaces/${namespace}/events`, { body: event })
      .catch((error: unknown) => this.#log.debug({ error: errorMessage(error) }, 'event not written'));
  }
}
