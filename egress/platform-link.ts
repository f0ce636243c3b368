/**
 * The gateway's word to the platform: status to NATS KV, spans and logs over OTLP, with the endpoints its config names.
 * Apart because both start with the first config and start anew when the endpoints change; neither may hold up a call.
 */
import type { NatsConnection } from 'nats';
import {
  attribute,
  environment as variable,
  type GatewayConfig,
  type GatewayStatus,
} from '../contract/index.ts';
import { NatsLink, type Environment, type Log } from '../process/index.ts';
import { OtlpOutbox, type RecordCopy } from './record/otlp-outbox.ts';
import { createRecorder, type AdmittingRecorder } from './record/recorder.ts';

export interface PlatformLinkOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly namespace: string;
  readonly key: string;
  /** undefined: another process of its pod says what the gateway is. */
  readonly status: (() => GatewayStatus) | undefined;
  /** Records that telemetry did not get. */
  readonly onDropped: (records: number) => void;
  /** Calls that were not let through because their record would not have fit. */
  readonly onRefused: () => void;
  /** Who else gets what telemetry gets. */
  readonly copy: RecordCopy;
}

const flushMs = 10_000;

export class PlatformLink {
  readonly #options: PlatformLinkOptions;
  #outbox: OtlpOutbox | undefined;
  #telemetryKey = '';
  readonly #nats: NatsLink<'egress'>;
  recorder: AdmittingRecorder | undefined;

  constructor(options: PlatformLinkOptions) {
    this.#options = options;
    const { log, namespace, key, status } = options;
    this.#nats = new NatsLink({ role: 'egress', namespace, log, key, snapshot: status });
  }

  /** Reports to where this config says. Idempotent. */
  use(config: GatewayConfig, resource: Record<string, string>): void {
    this.#useTelemetry(config, resource);
    this.#nats.update(config.platform);
    this.changed();
  }

  /** For /readyz. */
  notReady(): string | undefined {
    return this.#nats.notReady();
  }

  changed(): void {
    this.#nats.changed();
  }

  #useTelemetry(config: GatewayConfig, resource: Record<string, string>): void {
    const { otlp, caPem } = config.platform;
    const key = JSON.stringify([otlp, caPem]);
    if (key === this.#telemetryKey) return;
    this.#telemetryKey = key;
    // One outbox for the life of the process: what waits, and who was promised room, outlives an endpoint.
    if (this.#outbox !== undefined) {
      this.#outbox.retarget({ ...otlp, caPem });
      return;
    }
    const { environment, onDropped, onRefused, copy } = this.#options;
    const described = {
      'service.name': 'clrk-egress',
      'service.instance.id': environment[variable.podName] ?? '',
      'k8s.pod.name': environment[variable.podName] ?? '',
      'k8s.namespace.name': environment[variable.podNamespace] ?? '',
      [attribute.component]: 'egress',
      ...resource,
    };
    const target = { ...otlp, caPem, resource: described, common: resource };
    this.#outbox = new OtlpOutbox({ ...target, onDropped, onRefused, copy });
    this.recorder = createRecorder(this.#outbox);
  }

  /** undefined while there is none. */
  get nats(): NatsConnection | undefined {
    return this.#nats.connection;
  }

  /** For metrics. */
  get outbox(): { readonly heldBytes: number; readonly mergedRefusals: number } {
    return this.#outbox ?? { heldBytes: 0, mergedRefusals: 0 };
  }

  async close(): Promise<void> {
    await this.#nats[Symbol.asyncDispose]();
    await this.#outbox?.close(flushMs);
  }
}
