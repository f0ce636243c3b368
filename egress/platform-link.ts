/**
 * The gateway's word to the platform: status to NATS KV, spans and logs over OTLP, with the endpoints its config names.
 * Apart because both start with the first config and start anew when the endpoints change; neither may hold up a call.
 */
import type { NatsConnection } from 'nats';
import {
  attribute,
  environment as variable,
  errorMessage,
  type GatewayConfig,
  type GatewayStatus,
} from '../contract/index.ts';
import {
  connectNats,
  openStatusBucket,
  StatusPublisher,
  type Environment,
  type Log,
} from '../process/index.ts';
import { OtlpOutbox } from './record/otlp-outbox.ts';
import { createRecorder, type AdmittingRecorder } from './record/recorder.ts';

export interface PlatformLinkOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly key: string;
  readonly status: () => GatewayStatus;
  /** Records that telemetry did not get. */
  readonly onDropped: (records: number) => void;
  /** Calls that were not let through because their record would not have fit. */
  readonly onRefused: () => void;
}

const flushMs = 10_000;

interface StatusLink {
  readonly nats: NatsConnection;
  readonly publisher: StatusPublisher<GatewayStatus>;
}

export class PlatformLink {
  readonly #options: PlatformLinkOptions;
  #outbox: OtlpOutbox | undefined;
  #telemetryKey = '';
  #natsKey = '';
  #status: Promise<StatusLink | undefined> = Promise.resolve(undefined);
  recorder: AdmittingRecorder | undefined;

  constructor(options: PlatformLinkOptions) {
    this.#options = options;
  }

  /** Reports to where this config says. Idempotent. */
  use(config: GatewayConfig, resource: Record<string, string>): void {
    this.#useTelemetry(config, resource);
    const key = JSON.stringify(config.platform.nats);
    if (key !== this.#natsKey) {
      this.#natsKey = key;
      const before = this.#status;
      this.#status = this.#openStatus(config).catch((thrown: unknown) => {
        this.#options.log.error({ error: errorMessage(thrown) }, 'status cannot be published');
        this.#natsKey = '';
        return undefined;
      });
      void before.then((link) => this.#closeStatus(link));
    }
    this.changed();
  }

  changed(): void {
    void this.#status.then((link) => link?.publisher.changed());
  }

  #useTelemetry(config: GatewayConfig, resource: Record<string, string>): void {
    const key = JSON.stringify(config.platform.otlp);
    if (key === this.#telemetryKey) return;
    this.#telemetryKey = key;
    // One outbox for the life of the process: what waits, and who was promised room, outlives an endpoint.
    if (this.#outbox !== undefined) {
      this.#outbox.retarget(config.platform.otlp);
      return;
    }
    const { environment, onDropped, onRefused } = this.#options;
    const { endpoint, token } = config.platform.otlp;
    const described = {
      'service.name': 'clrk-egress',
      'service.instance.id': environment[variable.podName] ?? '',
      'k8s.pod.name': environment[variable.podName] ?? '',
      'k8s.namespace.name': environment[variable.podNamespace] ?? '',
      [attribute.component]: 'egress',
      ...resource,
    };
    const attributes = { resource: described, common: resource };
    this.#outbox = new OtlpOutbox({ endpoint, token, ...attributes, onDropped, onRefused });
    this.recorder = createRecorder(this.#outbox);
  }

  /** For metrics. */
  get outbox(): { readonly heldBytes: number; readonly mergedRefusals: number } {
    return this.#outbox ?? { heldBytes: 0, mergedRefusals: 0 };
  }

  async #openStatus(config: GatewayConfig): Promise<StatusLink> {
    const { log, key, status } = this.#options;
    const nats = await connectNats(config.platform.nats, { name: key, log });
    const bucket = await openStatusBucket(nats);
    return { nats, publisher: new StatusPublisher({ bucket, key, snapshot: status, log }) };
  }

  async #closeStatus(link: StatusLink | undefined): Promise<void> {
    if (link === undefined) return;
    await link.publisher.close();
    await link.nats.drain().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#closeStatus(await this.#status);
    await this.#outbox?.close(flushMs);
  }
}
