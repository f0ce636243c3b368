/**
 * A data plane's connections to the platform, as its config document names them: NATS (NatsLink) and OTLP. Each is replaced
 * when the document names another, the old one closed after the new one is there. The OpenTelemetry SDK is loaded when one is
 * opened: a role that speaks OTLP by itself, as the gateway does, must not carry its 60 MB.
 */
import { trace, type Tracer } from '@opentelemetry/api';
import { logs, type Logger } from '@opentelemetry/api-logs';
import type { PlatformEndpoints } from '../contract/index.ts';
import type { Environment } from './environment.ts';
import { NatsLink, type NatsLinkOptions } from './nats-link.ts';
import type { startTelemetry, Telemetry } from './telemetry.ts';

export interface PlatformLinkOptions<R extends 'ingress' | 'worker'> extends NatsLinkOptions<R> {
  readonly environment: Environment;
  /** More resource attributes of spans and logs. */
  readonly resource?: Readonly<Record<string, string>>;
}

export class PlatformLink<R extends 'ingress' | 'worker'> implements AsyncDisposable {
  readonly nats: NatsLink<R>;
  readonly #options: PlatformLinkOptions<R>;
  readonly #start: typeof startTelemetry;
  #telemetry: Telemetry | undefined;
  #wanted = '';

  static async open<R extends 'ingress' | 'worker'>(
    options: PlatformLinkOptions<R>,
  ): Promise<PlatformLink<R>> {
    const sdk = await import('./telemetry.ts');
    return new PlatformLink(options, sdk.startTelemetry);
  }

  private constructor(options: PlatformLinkOptions<R>, start: typeof startTelemetry) {
    this.#options = options;
    this.#start = start;
    this.nats = new NatsLink(options);
  }

  /** Of the current endpoints; before the first ones, of nowhere. */
  tracer(): Tracer {
    return this.#telemetry?.tracer ?? trace.getTracer(`clrk-${this.#options.role}`);
  }

  logger(): Logger {
    return this.#telemetry?.logger ?? logs.getLogger(`clrk-${this.#options.role}`);
  }

  /** Returns at once; the change happens behind. */
  update(endpoints: PlatformEndpoints): void {
    this.nats.update(endpoints);
    const { otlp, caPem } = endpoints;
    const wanted = JSON.stringify([otlp, caPem]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    const { role, environment, resource } = this.#options;
    const old = this.#telemetry;
    this.#telemetry = this.#start({
      role,
      environment,
      otlp,
      caPem,
      ...(resource === undefined ? {} : { resource }),
    });
    void old?.shutdown().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nats[Symbol.asyncDispose]();
    await this.#telemetry?.shutdown().catch(() => undefined);
    this.#telemetry = undefined;
  }
}
