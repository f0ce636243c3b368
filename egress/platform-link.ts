/**
 * The gateway's word to the platform: status to NATS KV, spans and logs over OTLP, with the endpoints its config names.
 * Apart because both start with the first config and start anew when the endpoints change; neither may hold up a call.
 */
import type { NatsConnection } from 'nats';
import { errorMessage, type GatewayConfig, type GatewayStatus } from '../contract/index.ts';
import {
  connectNats,
  openStatusBucket,
  startTelemetry,
  StatusPublisher,
  type Environment,
  type Log,
  type Telemetry,
} from '../process/index.ts';
import { createRecorder, type Recorder } from './record/recorder.ts';

export interface PlatformLinkOptions {
  readonly environment: Environment;
  readonly log: Log;
  readonly key: string;
  readonly status: () => GatewayStatus;
}

interface StatusLink {
  readonly nats: NatsConnection;
  readonly publisher: StatusPublisher<GatewayStatus>;
}

export class PlatformLink {
  readonly #options: PlatformLinkOptions;
  #telemetry: Telemetry | undefined;
  #telemetryKey = '';
  #natsKey = '';
  #status: Promise<StatusLink | undefined> = Promise.resolve(undefined);
  recorder: Recorder | undefined;

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
    const before = this.#telemetry;
    this.#telemetryKey = key;
    const { environment } = this.#options;
    this.#telemetry = startTelemetry({ role: 'egress', environment, otlp: config.platform.otlp, resource });
    this.recorder = createRecorder(this.#telemetry.tracer, this.#telemetry.logger, resource);
    void before?.shutdown();
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
    await this.#telemetry?.shutdown();
  }
}
