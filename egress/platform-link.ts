/**
 * The gateway's word to the platform: status to NATS KV, spans and logs over OTLP, with the endpoints its config names.
 * Apart because both start with the first config and start anew when the endpoints change; neither may hold up a call.
 */
import {
  attribute,
  environment as variable,
  type GatewayConfig,
  type GatewayStatus,
} from '../contract/index.ts';
import { NatsLink, type Environment, type Log } from '../process/index.ts';
import { OtlpOutbox } from './record/otlp-outbox.ts';
import { createRecorder, type Recorder } from './record/recorder.ts';

export interface PlatformLinkOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly namespace: string;
  readonly key: string;
  readonly status: () => GatewayStatus;
  /** Records that telemetry did not get. */
  readonly onDropped: (records: number) => void;
}

const flushMs = 10_000;

export class PlatformLink {
  readonly #options: PlatformLinkOptions;
  #outbox: OtlpOutbox | undefined;
  #telemetryKey = '';
  readonly #nats: NatsLink<'egress'>;
  recorder: Recorder | undefined;

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

  changed(): void {
    this.#nats.changed();
  }

  #useTelemetry(config: GatewayConfig, resource: Record<string, string>): void {
    const { otlp, caPem } = config.platform;
    const key = JSON.stringify([otlp, caPem]);
    if (key === this.#telemetryKey) return;
    const before = this.#outbox;
    this.#telemetryKey = key;
    const { environment, onDropped } = this.#options;
    const { endpoint, token } = otlp;
    const described = {
      'service.name': 'clrk-egress',
      'service.instance.id': environment[variable.podName] ?? '',
      'k8s.pod.name': environment[variable.podName] ?? '',
      'k8s.namespace.name': environment[variable.podNamespace] ?? '',
      [attribute.component]: 'egress',
      ...resource,
    };
    this.#outbox = new OtlpOutbox({ endpoint, token, caPem, resource: described, onDropped });
    this.recorder = createRecorder(this.#outbox, resource);
    void before?.close(flushMs);
  }

  async close(): Promise<void> {
    await this.#nats[Symbol.asyncDispose]();
    await this.#outbox?.close(flushMs);
  }
}
